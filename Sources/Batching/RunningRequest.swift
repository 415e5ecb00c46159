import Generation
import Tensors

/// A request whose prompt has been encoded: its search and its caches.
struct RunningRequest<State> {
    let submission: Submission
    let state: State
    var search: DecodingSearch
    var rows: [StepRow] = []
    var timings = GenerationTimings()
    let decodingSince: ContinuousClock.Instant
    var lastToken: ContinuousClock.Instant
    /// Tokens sent, of all choices.
    var generatedTokens = 0
    /// What the search made of its last logits.
    private(set) var outcome: Result<SearchStep, GenerationFailure> = .success(SearchStep())
    /// Decoder steps taken.
    private var position = -1

    init(_ submission: Submission, state: State, startToken: Int32) {
        self.submission = submission
        self.state = state
        search = DecodingSearch(submission.request, startToken: startToken)
        decodingSince = .now
        lastToken = decodingSince
    }

    /// Gives the search its rows of a step's logits, which start at `firstRow`.
    mutating func advance(_ logits: Matrix, firstRow: Int) {
        do {
            outcome = .success(try search.advance(logits, firstRow: firstRow))
        } catch {
            outcome = .failure(error)
        }
    }

    /// Sends a search's events on, with the experts the step's rows went to where the request asked for them.
    ///
    /// - Parameter routes: the experts the row just stepped for a choice went to, at a position of the output.
    mutating func send(_ events: [GenerationEvent], routes: (_ choice: Int, _ position: Int) -> [TokenRoute]) {
        defer { position += 1 }
        for event in events {
            guard case .token(var token) = event else {
                submission.answer.yield(event)
                continue
            }
            generatedTokens += 1
            if case .sample = submission.request.strategy, submission.request.reportsRouting {
                token.routes = routes(token.choice, position)
            }
            submission.answer.yield(.token(token))
        }
    }
}
