package import Tensors

/// The search of one request: takes rows of logits, says which tokens to read next and what to tell the client.
///
/// Pure: holds no model and no clock. Forced tokens go through slot 0 alone, one a step; after them every slot
/// continues that history. They are part of the output and of the history that penalties look at, but count neither
/// toward the maximum nor toward the length penalty.
package struct DecodingSearch {
    private enum Kind {
        case sampled(SampledSearch)
        case beam(BeamSearch)
    }

    private let request: GenerationRequest
    private let startToken: Int32
    private var kind: Kind
    private var forced: ArraySlice<Int32>

    /// - Precondition: the request was validated: counts at least 1, ids inside the vocabulary.
    package init(_ request: GenerationRequest, startToken: Int32) {
        self.request = request
        self.startToken = startToken
        forced = request.decoderPrompt[...]
        kind =
            switch request.strategy {
            case .sample(let sampling): .sampled(SampledSearch(request, sampling, startToken: startToken))
            case .beam(let beam): .beam(BeamSearch(request, beam, startToken: startToken))
            }
    }

    /// The first rows to step.
    package mutating func begin() -> SearchStep {
        var step = SearchStep()
        if request.stop.maximumTokens == 0, forced.isEmpty {
            step.events = unstarted()
        } else {
            step.rows = [StepRow(slot: 0, token: startToken)]
        }
        return step
    }

    /// Takes the logits of the rows last asked for, which start at `firstRow` of `logits`.
    ///
    /// - Throws: `.notANumber` when a row holds no finite logit or a NaN, `.nothingAllowed` when the constraints leave
    ///   no token.
    package mutating func advance(_ logits: Matrix, firstRow: Int) throws(GenerationFailure) -> SearchStep {
        if let token = forced.popFirst() {
            return try force(token, LogitsRow(logits, row: firstRow))
        }
        switch kind {
        case .sampled(var search):
            defer { kind = .sampled(search) }
            return try search.advance(logits, firstRow: firstRow)
        case .beam(var search):
            defer { kind = .beam(search) }
            return try search.advance(logits, firstRow: firstRow)
        }
    }

    private var returned: Int {
        switch request.strategy {
        case .sample(let sampling): sampling.returned
        case .beam(let beam): beam.returned
        }
    }

    private mutating func force(_ token: Int32, _ row: LogitsRow) -> SearchStep {
        var step = SearchStep()
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
            step.rows = [StepRow(slot: 0, token: token)]
        }
        return step
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
}
