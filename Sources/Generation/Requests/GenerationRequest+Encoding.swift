package import SwitchModel

extension GenerationRequest {
    /// Positions each history may reach: the start token, the forced tokens, the generated ones.
    package var positions: Int { 1 + decoderPrompt.count + stop.maximumTokens }

    /// Positions that all histories take together, the prompt of a language model not counted.
    package var cachedPositions: Int {
        if case .scoring(let scored) = strategy { return decoderPrompt.count + scored.positions }
        return rows * positions
    }

    /// Tokens of continuations that are read with the prompt.
    var continuedTokens: Int { if case .scoring(let scored) = strategy { scored.positions - 1 } else { 0 } }

    /// The most rows it has in a layer while it is encoded.
    package var encodingRows: Int { prompt.count + decoderPrompt.count + continuedTokens }

    /// What the model reads before the first token is generated.
    ///
    /// Scores are kept of every position that tells of a forced token only where its log-probability is asked for.
    package var encodingPrompt: EncodingPrompt {
        switch strategy {
        case .embedding(let kind): return EncodingPrompt(embedding: prompt, as: kind)
        case .scoring(let scored): return encodingPrompt(scored)
        case .sample, .beam: break
        }
        var encoding = EncodingPrompt(tokens: prompt, slots: rows, capacity: positions)
        encoding.forced = decoderPrompt
        if topLogprobs != nil { encoding.scoredPositions += decoderPrompt.count }
        encoding.crossAttentionBlock = crossAttentionBlock
        return encoding
    }

    /// Continuations of one token need not be read.
    private func encodingPrompt(_ scored: ScoredTokens) -> EncodingPrompt {
        let continuations = scored.read.filter { !$0.isEmpty }.map { Array($0) }
        let longest = continuations.reduce(0) { max($0, $1.count) }
        var encoding = EncodingPrompt(
            tokens: prompt,
            slots: 1 + continuations.count,
            capacity: 1 + decoderPrompt.count + longest
        )
        encoding.forced = decoderPrompt
        encoding.continuations = continuations
        encoding.scoredPositions = scored.positions
        return encoding
    }

    /// Continuations returned.
    package var returned: Int {
        switch strategy {
        case .sample(let sampling): sampling.returned
        case .beam(let beam): beam.returned
        case .embedding, .scoring: 0
        }
    }
}
