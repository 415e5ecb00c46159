import Tensors

/// Independent continuations of one prompt, greedy or random, each in a slot of its own.
struct SampledSearch {
    private struct Draw {
        let slot: Int
        let random: RandomSource
        /// What the output begins after, forced tokens, generated tokens.
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

    init(_ request: GenerationRequest, _ sampling: Sampling, start: [Int32]) {
        self.request = request
        self.sampling = sampling
        processing = LogitsProcessing(request, start: start.count + request.decoderPrompt.count)
        draws = (0..<sampling.draws).map { slot in
            var draw = Draw(
                slot: slot,
                random: RandomSource(seed: sampling.seed, draw: slot),
                history: start + request.decoderPrompt
            )
            draw.history.reserveCapacity(start.count + request.decoderPrompt.count + request.stop.maximumTokens)
            draw.generated.reserveCapacity(request.stop.maximumTokens)
            return draw
        }
    }

    /// More continuations are drawn than returned: which ones is known at the end.
    private var isBestOf: Bool { sampling.returned < sampling.draws }

    /// What the scores of a row are wanted for.
    var detail: VocabularyScores.Detail {
        picksBest && (request.topLogprobs ?? 0) == 0 ? .best : .all
    }

    private var picksBest: Bool { sampling.pick == .greedy && processing.isNeutral }

    mutating func advance(
        _ logits: VocabularyScores,
        firstRow: Int,
        into step: inout SearchStep
    ) throws(GenerationFailure) {
        var row = try LogitsRow(logits, row: firstRow)
        var offset = 0
        for index in draws.indices where draws[index].finished == nil {
            if hasFannedOut, offset > 0 { row = try LogitsRow(logits, row: firstRow + offset) }
            offset += 1
            try extend(draw: index, row, into: &step)
        }
        if !hasFannedOut {
            hasFannedOut = true
            if draws.count > 1 { step.parents = draws.map { _ in 0 } }
        }
        for draw in draws where draw.finished == nil {
            step.rows.append(StepRow(slot: draw.slot, token: draw.history[draw.history.count - 1], detail: detail))
        }
        if step.rows.isEmpty, isBestOf { step.events = bestOf() }
    }

    private mutating func extend(
        draw index: Int,
        _ row: LogitsRow,
        into step: inout SearchStep
    ) throws(GenerationFailure) {
        guard let (id, logprob) = picksBest ? row.best : pick(row, draws[index]) else { throw .nothingAllowed }
        let token = GeneratedToken(
            choice: draws[index].slot,
            id: id,
            logprob: logprob,
            top: row.top(request.topLogprobs ?? 0)
        )
        draws[index].take(token, stop: request.stop)
        if isBestOf {
            draws[index].tokens.append(token)
            return
        }
        step.events.append(.token(token))
        if let reason = draws[index].finished {
            step.events.append(.finished(finished(draws[index], reason, choice: draws[index].slot)))
        }
    }

    private mutating func pick(_ row: LogitsRow, _ draw: Draw) -> (id: Int32, logprob: Float)? {
        row.copyScores(into: &scores)
        if !processing.isNeutral {
            processing.apply(to: &scores, history: draw.history, generated: draw.generated.count)
        }
        let id: Int32?
        switch sampling.pick {
        case .greedy:
            id = LogitsRow.largest(1, of: scores).first.flatMap { scores[$0] > -.infinity ? Int32($0) : nil }
        case .random(let filters):
            let uniform = draw.random.uniform(step: draw.generated.count)
            id = RandomPick(filters: filters).pick(from: &scores, uniform: uniform)
        }
        return id.map { ($0, row.logprob($0)) }
    }

    private func finished(_ draw: Draw, _ reason: FinishReason, choice: Int) -> FinishedChoice {
        FinishedChoice(
            choice: choice,
            reason: reason,
            tokens: request.decoderPrompt + draw.generated,
            cumulativeLogprob: draw.cumulativeLogprob
        )
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
            let ended = finished(draw, draw.finished ?? .length, choice: choice)
            return tokens + [.finished(ended)]
        }
    }
}
