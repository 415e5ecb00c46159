package import Tensors

/// The search of one request: takes rows of logits, says which tokens to read next and what to tell the client.
///
/// Pure: holds no model and no clock. Forced tokens go through slot 0 alone, one a step; after them every slot
/// continues that history. They are part of the output and of the history that penalties look at, but count neither
/// toward the maximum nor toward the length penalty.
package struct DecodingSearch {
    private let request: GenerationRequest
    private let firstToken: Int32
    // One of them: two optionals rather than a payload, so that a step changes it where it is.
    private var sampled: SampledSearch?
    private var beam: BeamSearch?
    private var forced: ArraySlice<Int32>

    /// - Parameter start: what the output begins after, see `StepModel.start(after:)`.
    /// - Precondition: the request was validated: counts at least 1, ids inside the vocabulary.
    package init(_ request: GenerationRequest, start: [Int32]) {
        self.request = request
        firstToken = start[start.count - 1]
        forced = request.decoderPrompt[...]
        switch request.strategy {
        case .sample(let sampling): sampled = SampledSearch(request, sampling, start: start)
        case .beam(let parameters): beam = BeamSearch(request, parameters, start: start)
        }
    }

    /// The first rows to step.
    package mutating func begin() -> SearchStep {
        var step = SearchStep()
        if request.stop.maximumTokens == 0, forced.isEmpty {
            step.events = unstarted()
        } else {
            step.rows = [row(firstToken)]
        }
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
        if let token = forced.popFirst() {
            force(token, try LogitsRow(logits, row: firstRow), into: &step)
        } else {
            try sampled?.advance(logits, firstRow: firstRow, into: &step)
            try beam?.advance(logits, firstRow: firstRow, into: &step)
        }
    }

    /// A forced token's log-probability is told, whatever it is.
    private func row(_ token: Int32) -> StepRow {
        StepRow(slot: 0, token: token, detail: forced.isEmpty ? sampled?.detail ?? .all : .all)
    }

    private var returned: Int {
        switch request.strategy {
        case .sample(let sampling): sampling.returned
        case .beam(let beam): beam.returned
        }
    }

    private func force(_ token: Int32, _ row: LogitsRow, into step: inout SearchStep) {
        for choice in 0..<returned {
            step.events.append(
                .token(
                    GeneratedToken(
                        choice: choice,
                        id: token,
                        logprob: row.logprob(token),
                        top: row.top(request.topLogprobs ?? 0)
                    )
                )
            )
        }
        if forced.isEmpty, request.stop.maximumTokens == 0 {
            step.events += unstarted()
        } else {
            step.rows = [self.row(token)]
        }
    }

    /// The end of choices that were to generate nothing.
    private func unstarted() -> [GenerationEvent] {
        (0..<returned).map {
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
    /// `.token` and `.finished` events, in order.
    package var events: [GenerationEvent] = []

    package init() {}

    mutating func removeAll() {
        parents = nil
        rows.removeAll(keepingCapacity: true)
        events.removeAll(keepingCapacity: true)
    }
}
