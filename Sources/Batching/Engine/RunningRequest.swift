import Generation
import SwitchModel
import Tensors

/// A request whose prompt has been read: its search and its caches.
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
    /// Tokens sent, of all choices, without the prompt's own.
    private(set) var generatedTokens = 0
    /// Tokens sent, the prompt's own included, by choice.
    private var told: [Int]
    /// Where the tokens went that were read with the prompt and that the output's first tokens come after.
    var readRoutes: [[TokenRoute]] = []

    init(_ submission: Submission, _ encoded: EncodedPrompt<State>, start: [Int32]) {
        self.submission = submission
        state = encoded.state
        search = DecodingSearch(submission.request, start: start, read: encoded.decoderRows.count)
        told = Array(repeating: 0, count: submission.request.returned)
        decodingSince = .now
        lastToken = decodingSince
    }

    /// Ends here unless there are rows to step.
    var isOver: Bool { step.rows.isEmpty || failure != nil }

    /// Tokens that the step at hand tells of beside the prompt's own, which come first and to all choices alike.
    var newTokens: Int {
        let tokens = step.events.reduce(0) { if case .token = $1 { $0 + 1 } else { $0 } }
        guard tokens > 0 else { return 0 }
        let ownLeft = max(submission.request.scoredPromptTokens - told[0], 0) * told.count
        return max(tokens - ownLeft, 0)
    }

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

    /// Sends the search's events on, with the experts that tokens went to where the request asked for them.
    ///
    /// - Parameters:
    ///   - routes: the experts a row of the request's last step went to, at a position of the output.
    ///   - crossAttention: what was attended to of the prompt for the token at a position of the output.
    mutating func send(
        routes: (_ row: Int, _ position: Int) -> [TokenRoute],
        crossAttention: (_ position: Int) -> [Float]
    ) {
        generatedTokens += newTokens
        for event in step.events {
            guard case .token(var token) = event else {
                submission.answer.yield(event)
                continue
            }
            let position = told[token.choice]
            told[token.choice] += 1
            if case .sample = submission.request.strategy, submission.request.reportsRouting {
                token.routes =
                    position < readRoutes.count
                    ? readRoutes[position] : routes(slots.firstIndex(of: token.choice) ?? 0, position)
            }
            if submission.request.crossAttentionBlock != nil { token.crossAttention = crossAttention(position) }
            submission.answer.yield(.token(token))
        }
    }
}
