import Generation
import Tensors

/// A request whose prompt has been encoded: its search and its caches.
struct RunningRequest<State> {
    let submission: Submission
    let state: State
    var search: DecodingSearch
    /// The rows of the next step, and what the search made of the last.
    private(set) var step = SearchStep()
    /// Why the search cannot go on.
    private(set) var failure: GenerationFailure?
    /// The slots of the last step's rows, for requests that ask where they went.
    private var slots: [Int] = []
    var timings = GenerationTimings()
    let decodingSince: ContinuousClock.Instant
    var lastToken: ContinuousClock.Instant
    /// Tokens sent, of all choices.
    var generatedTokens = 0
    /// Decoder steps taken.
    private var position = -1

    init(_ submission: Submission, state: State, start: [Int32]) {
        self.submission = submission
        self.state = state
        search = DecodingSearch(submission.request, start: start)
        decodingSince = .now
        lastToken = decodingSince
    }

    /// Ends here unless there are rows to step.
    var isOver: Bool { step.rows.isEmpty || failure != nil }

    /// The step at hand tells of the prompt's own tokens: step 0 of the second of them.
    var isScoringPrompt: Bool { position < submission.request.scoredPromptTokens }

    mutating func begin() {
        step = search.begin()
    }

    /// Gives the search its rows of a step's scores, which start at `firstRow`.
    mutating func advance(_ logits: VocabularyScores, firstRow: Int) {
        if submission.request.reportsRouting { slots = step.rows.map(\.slot) }
        do {
            try search.advance(logits, firstRow: firstRow, into: &step)
        } catch {
            failure = error
        }
    }

    /// Sends the search's events on, with the experts the step's rows went to where the request asked for them.
    ///
    /// - Parameter routes: the experts a row of the request went to, at a position of the output.
    mutating func send(routes: (_ row: Int, _ position: Int) -> [TokenRoute]) {
        defer { position += 1 }
        for event in step.events {
            guard case .token(var token) = event else {
                submission.answer.yield(event)
                continue
            }
            if !isScoringPrompt { generatedTokens += 1 }
            if case .sample = submission.request.strategy, submission.request.reportsRouting {
                token.routes = routes(slots.firstIndex(of: token.choice) ?? 0, position)
            }
            submission.answer.yield(.token(token))
        }
    }
}
