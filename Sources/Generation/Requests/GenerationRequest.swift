package import SwitchModel

/// Everything the engine needs to know to answer one prompt.
package struct GenerationRequest: Sendable {
    /// What the encoder reads, `</s>` included, or what a language model goes on from.
    ///
    /// Never empty.
    package var prompt: [Int32]
    /// Tokens forced as the start of every output, after the start token.
    package var decoderPrompt: [Int32] = []
    /// How many tokens at the start of `decoderPrompt` are the prompt's own, see `scorePrompt`.
    package private(set) var scoredPromptTokens = 0
    package var strategy: Strategy = .sample(Sampling())
    package var constraints = LogitsConstraints()
    package var stop: StopCondition
    /// Alternatives reported beside each token, 0 for the chosen one only, nil for no log-probabilities.
    package var topLogprobs: Int? = nil
    /// Report which expert every token went to.
    package var reportsRouting = false
    /// Report every step of a beam search.
    package var reportsBeamSteps = false
    /// The decoder block whose attention to the prompt is reported with every token; nil for none.
    ///
    /// Only where one continuation is sampled, of a model with an encoder.
    package var crossAttentionBlock: Int? = nil

    /// How continuations are found.
    package enum Strategy: Equatable, Sendable {
        /// Independent continuations: greedy or random.
        case sample(Sampling)
        case beam(BeamParameters)
        /// Nothing is continued: the embedding of the prompt is all that is wanted. Not for a language model.
        case embedding(EmbeddingKind)
        /// Nothing is continued: how probable tokens would be is all that is wanted.
        case scoring(ScoredTokens)
    }

    package init(prompt: [Int32], stop: StopCondition) {
        self.prompt = prompt
        self.stop = stop
    }

    /// A request for how probable tokens are after a prompt.
    package init(prompt: [Int32], scoring tokens: ScoredTokens) {
        self.init(prompt: prompt, stop: StopCondition(maximumTokens: 0, endTokens: []))
        strategy = .scoring(tokens)
    }

    /// A request for the embedding of a prompt.
    package init(embedding prompt: [Int32], as kind: EmbeddingKind = .sentence) {
        self.init(prompt: prompt, stop: StopCondition(maximumTokens: 0, endTokens: []))
        strategy = .embedding(kind)
    }

    /// Whether something is generated, for which a model needs a decoder.
    package var needsDecoder: Bool { if case .embedding = strategy { false } else { true } }

    /// Decides what is drawn, where something is.
    package mutating func seed(_ seed: UInt64) {
        switch strategy {
        case .sample(var sampling):
            sampling.seed = seed
            strategy = .sample(sampling)
        case .beam(var beam):
            beam.draw?.seed = seed
            strategy = .beam(beam)
        case .embedding, .scoring: break
        }
    }

    /// Asks a language model for the probabilities of its prompt's tokens: all but the first are forced and told of.
    package mutating func scorePrompt() {
        scoredPromptTokens = prompt.count - 1
        decoderPrompt = prompt.dropFirst() + decoderPrompt
        prompt = Array(prompt.prefix(1))
    }

    /// The prompt as the client gave it.
    var promptAsGiven: [Int32] { prompt + decoderPrompt.prefix(scoredPromptTokens) }

    /// Tokens of the prompt as the client gave it.
    package var promptTokens: Int { prompt.count + scoredPromptTokens }

    /// Decoder rows the request occupies while it runs: samples drawn, beams, or positions scored in one step.
    package var rows: Int {
        switch strategy {
        case .sample(let sampling): sampling.draws
        case .beam(let beam): beam.beams
        case .embedding: 0
        case .scoring(let scored): min(scored.perStep, scored.positions)
        }
    }

    /// Prompt tokens and those all rows could come to: the most work it can be.
    package var greatestTokens: Int {
        if case .scoring(let scored) = strategy { return prompt.count + decoderPrompt.count + scored.tokens }
        return prompt.count + rows * (decoderPrompt.count + stop.maximumTokens)
    }
}
