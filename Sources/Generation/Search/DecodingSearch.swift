package import Tensors

/// The search of one request: takes rows of logits, says which tokens to read next and what to tell the client.
///
/// Pure: holds no model and no clock. Forced tokens were read with the prompt, into slot 0, which every slot continues.
/// They are part of the output and of the history that penalties look at, but count neither toward the maximum nor toward
/// the length penalty.
package struct DecodingSearch {
    /// Forced tokens told with their log-probabilities in one step, so that a long prompt does not hold up others with its
    /// products with the whole vocabulary.
    package static let forcedPerStep = 32

    private let request: GenerationRequest
    private let firstToken: Int32
    /// Tokens the model has read, forced ones included.
    private let read: Int
    // One of them: optionals rather than a payload, so that a step changes it where it is.
    private var sampled: SampledSearch?
    private var beam: BeamSearch?
    private var scoring: ScoringSearch?
    /// Those that were not told yet.
    private var forced: ArraySlice<Int32>

    /// - Parameters:
    ///   - start: what the output begins after, see `StepModel.start(after:)`.
    ///   - read: how many tokens the model has read: 0, or all of `start` and the forced ones, and what continuations
    ///     there are to be read.
    /// - Precondition: the request was validated: counts at least 1, ids inside the vocabulary.
    package init(_ request: GenerationRequest, start: [Int32], read: Int = 0) {
        let (first, more) = (start.count + request.decoderPrompt.count, request.continuedTokens)
        precondition(
            read == first + more || read == 0 && request.decoderPrompt.isEmpty && more == 0,
            "\(read) of \(first + more) tokens read"
        )
        self.request = request
        self.read = read
        firstToken = start[start.count - 1]
        forced = request.decoderPrompt[...]
        switch request.strategy {
        case .sample(let sampling): sampled = SampledSearch(request, sampling, start: start)
        case .beam(let parameters): beam = BeamSearch(request, parameters, start: start)
        case .scoring(let wanted): scoring = ScoringSearch(wanted, firstToken: firstToken, read: read)
        case .embedding: preconditionFailure("an embedding is not searched for")
        }
    }

    /// The first rows to step.
    package mutating func begin() -> SearchStep {
        var step = SearchStep()
        if let scoring {
            scoring.ask(in: &step)
            return step
        }
        if request.topLogprobs == nil {
            for token in forced { tell(token, logprob: 0, top: [], in: &step) }
            forced = []
        }
        askForRead(in: &step)
        return step
    }

    /// Takes the scores of the rows last asked for, which start at `firstRow` of `logits`, and overwrites `step`, whose
    /// memory is used again.
    ///
    /// - Throws: `.notANumber` when a row holds no finite logit or a NaN, `.nothingAllowed` when the constraints leave
    ///   no token.
    package mutating func advance(
        _ logits: VocabularyScores,
        firstRow: Int,
        into step: inout SearchStep
    ) throws(GenerationFailure) {
        step.removeAll()
        guard scoring == nil else { return try scoring?.advance(logits, firstRow: firstRow, into: &step) ?? () }
        guard forced.isEmpty else { return try advanceForced(logits, firstRow: firstRow, into: &step) }
        try sampled?.advance(logits, firstRow: firstRow, into: &step)
        try beam?.advance(logits, firstRow: firstRow, into: &step)
    }

    /// Tells the forced tokens whose scores were asked for, each by those after the token before it.
    private mutating func advanceForced(
        _ logits: VocabularyScores,
        firstRow: Int,
        into step: inout SearchStep
    ) throws(GenerationFailure) {
        for (index, token) in forced.prefix(Self.forcedPerStep).enumerated() {
            let row = try LogitsRow(logits, row: firstRow + index)
            tell(token, logprob: row.logprob(token), top: row.top(request.topLogprobs ?? 0), in: &step)
        }
        forced = forced.dropFirst(Self.forcedPerStep)
        askForRead(in: &step)
    }

    private func tell(
        _ token: Int32,
        logprob: Float,
        top: [(id: Int32, logprob: Float)],
        in step: inout SearchStep
    ) {
        for choice in 0..<request.returned {
            step.events.append(.token(GeneratedToken(choice: choice, id: token, logprob: logprob, top: top)))
        }
    }

    /// Asks for the scores that the next forced tokens are told by, or for those the first generated token is picked from.
    private func askForRead(in step: inout SearchStep) {
        if !forced.isEmpty {
            let first = read - 1 - forced.count
            step.rows = (first..<first + min(forced.count, Self.forcedPerStep)).map { StepRow(.position($0)) }
        } else if request.stop.maximumTokens == 0 {
            step.events += unstarted()
        } else {
            let source = read == 0 ? StepRow.Source.token(firstToken, slot: 0) : .position(read - 1)
            step.rows = [StepRow(source, detail: sampled?.detail ?? .all)]
        }
    }

    /// The end of choices that were to generate nothing.
    private func unstarted() -> [GenerationEvent] {
        (0..<request.returned).map {
            .finished(
                FinishedChoice(
                    choice: $0,
                    reason: .length,
                    tokens: request.decoderPrompt,
                    cumulativeLogprob: 0
                )
            )
        }
    }
}

/// What to do next for one request.
package struct SearchStep: Sendable {
    /// Before stepping: slot `i` continues the history of slot `parents[i]`; nil when nothing moves.
    package var parents: [Int]? = nil
    /// Empty when the search is over.
    package var rows: [StepRow] = []
    /// `.beamStep`, `.token` and `.finished` events, in order.
    package var events: [GenerationEvent] = []

    package init() {}

    mutating func removeAll() {
        parents = nil
        rows.removeAll(keepingCapacity: true)
        events.removeAll(keepingCapacity: true)
    }
}
