import Generation

/// A request whose prompt has been encoded: its search and its caches.
struct RunningRequest<State> {
    let submission: Submission
    let state: State
    var search: DecodingSearch
    var rows: [StepRow] = []
    var timings = GenerationTimings()
    let decodingSince: ContinuousClock.Instant
    var lastToken: ContinuousClock.Instant
    var generatedTokens = 0

    init(_ submission: Submission, state: State, startToken: Int32) {
        self.submission = submission
        self.state = state
        search = DecodingSearch(submission.request, startToken: startToken)
        decodingSince = .now
        lastToken = decodingSince
    }

    /// Sends a search's events on, with the experts the step's rows went to where the request asked for them.
    ///
    /// - Parameter routes: the experts of the rows just stepped, by slot; nil before the first step.
    mutating func send(_ events: [GenerationEvent], routes: (Int) -> [TokenRoute]) {
        for event in events {
            guard case .token(var token) = event else {
                submission.answer.yield(event)
                continue
            }
            generatedTokens += 1
            if submission.request.reportsRouting {
                token.routes = routes(token.choice)
            }
            submission.answer.yield(.token(token))
        }
    }
}
