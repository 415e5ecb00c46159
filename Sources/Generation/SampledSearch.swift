import Tensors

/// Independent continuations of one prompt, greedy or random, each in a slot of its own.
struct SampledSearch {
    private struct Draw {
        let slot: Int
        let random: RandomSource
        /// Start token, forced tokens, generated tokens.
        var history: [Int32]
        var generated: [Int32] = []
        var tokens: [GeneratedToken] = []
        var cumulativeLogprob: Float = 0
        var finished: FinishReason?

        mutating func take(_ token: GeneratedToken, stop: StopCondition) {
            history.append(token.id)
            generated.append(token.id)
            cumulativeLogprob += token.logprob
            finished = stop.reason(after: generated)
        }
    }

    private let request: GenerationRequest
    private let sampling: Sampling
    private let processing: LogitsProcessing
    private var draws: [Draw]
    private var hasFannedOut = false
    /// The row being processed; kept so that a step asks for no memory.
    private var scores: [Float] = []

    init(_ request: GenerationRequest, _ sampling: Sampling, startToken: Int32) {
        self.request = request
        self.sampling = sampling
        processing = LogitsProcessing(request)
        draws = (0..<sampling.draws).map { slot in
            Draw(
                slot: slot,
                random: RandomSource(seed: sampling.seed, draw: slot),
                history: [startToken] + request.decoderPrompt
            )
        }
    }

    /// More continuations are drawn than returned: which ones is known at the end.
    private var isBestOf: Bool { sampling.returned < sampling.draws }

    mutating func advance(_ logits: Matrix, firstRow: Int) throws(GenerationFailure) -> SearchStep {
        var step = SearchStep()
        var row = try LogitsRow(logits, row: firstRow)
        var offset = 0
        for index in draws.indices where draws[index].finished == nil {
            if hasFannedOut, offset > 0 { row = try LogitsRow(logits, row: firstRow + offset) }
            offset += 1
            step.events += try extend(draw: index, row)
        }
        if !hasFannedOut {
            hasFannedOut = true
            if draws.count > 1 { step.parents = draws.map { _ in 0 } }
        }
        step.rows = draws.filter { $0.finished == nil }.map {
            StepRow(slot: $0.slot, token: $0.history[$0.history.count - 1])
        }
        if step.rows.isEmpty, isBestOf { step.events = bestOf() }
        return step
    }

    private mutating func extend(draw index: Int, _ row: LogitsRow) throws(GenerationFailure) -> [GenerationEvent] {
        guard let id = pick(row, draws[index]) else { throw .nothingAllowed }
        let token = GeneratedToken(
            choice: draws[index].slot,
            id: id,
            logprob: row.logprob(id),
            top: row.top(request.topLogprobs ?? 0)
        )
        draws[index].take(token, stop: request.stop)
        if isBestOf {
            draws[index].tokens.append(token)
            return []
        }
        return [.token(token)] + finish(draws[index])
    }

    private mutating func pick(_ row: LogitsRow, _ draw: Draw) -> Int32? {
        if sampling.pick == .greedy, processing.isNeutral { return row.best }
        row.copyScores(into: &scores)
        if !processing.isNeutral {
            processing.apply(to: &scores, history: draw.history, generated: draw.generated.count)
        }
        switch sampling.pick {
        case .greedy:
            guard let best = LogitsRow.largest(1, of: scores).first, scores[best] > -.infinity else { return nil }
            return Int32(best)
        case .random(let filters):
            return RandomPick(filters: filters).pick(
                from: &scores,
                uniform: draw.random.uniform(step: draw.generated.count)
            )
        }
    }

    private func finish(_ draw: Draw) -> [GenerationEvent] {
        guard let reason = draw.finished else { return [] }
        return [
            .finished(
                FinishedChoice(
                    choice: draw.slot,
                    reason: reason,
                    tokens: request.decoderPrompt + draw.generated,
                    cumulativeLogprob: draw.cumulativeLogprob
                )
            )
        ]
    }

    /// The draws with the highest mean log-probability, best first, told from their start.
    private func bestOf() -> [GenerationEvent] {
        func mean(_ draw: Draw) -> Float { draw.cumulativeLogprob / Float(max(draw.generated.count, 1)) }
        let best = draws.sorted { mean($0) > mean($1) }.prefix(sampling.returned)
        return best.enumerated().flatMap { choice, draw -> [GenerationEvent] in
            let tokens = draw.tokens.map { token in
                var token = token
                token.choice = choice
                return GenerationEvent.token(token)
            }
            let ended = FinishedChoice(
                choice: choice,
                reason: draw.finished ?? .length,
                tokens: request.decoderPrompt + draw.generated,
                cumulativeLogprob: draw.cumulativeLogprob
            )
            return tokens + [.finished(ended)]
        }
    }
}
