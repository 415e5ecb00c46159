package import SwitchModel

extension GenerationRequest {
    /// Positions each history may reach: the start token, the forced tokens, the generated ones.
    package var positions: Int { 1 + decoderPrompt.count + stop.maximumTokens }

    /// What the model reads before the first token is generated.
    ///
    /// Scores are kept of every position that tells of a forced token only where its log-probability is asked for.
    package var encodingPrompt: EncodingPrompt {
        if case .embedding(let kind) = strategy { return EncodingPrompt(embedding: prompt, as: kind) }
        var encoding = EncodingPrompt(tokens: prompt, slots: rows, capacity: positions)
        encoding.forced = decoderPrompt
        if topLogprobs != nil { encoding.scoredPositions += decoderPrompt.count }
        return encoding
    }

    /// Continuations returned.
    package var returned: Int {
        switch strategy {
        case .sample(let sampling): sampling.returned
        case .beam(let beam): beam.returned
        case .embedding: 0
        }
    }
}
