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

    /// How continuations are found.
    package enum Strategy: Equatable, Sendable {
        /// Independent continuations: greedy or random.
        case sample(Sampling)
        case beam(BeamParameters)
    }

    package init(prompt: [Int32], stop: StopCondition) {
        self.prompt = prompt
        self.stop = stop
    }

    /// Asks a language model for the probabilities of its prompt's tokens: all but the first are forced and told of.
    package mutating func scorePrompt() {
        scoredPromptTokens = prompt.count - 1
        decoderPrompt = prompt.dropFirst() + decoderPrompt
        prompt = Array(prompt.prefix(1))
    }

    /// Tokens of the prompt as the client gave it.
    package var promptTokens: Int { prompt.count + scoredPromptTokens }

    /// Decoder rows the request occupies while it runs: samples drawn, or beams.
    package var rows: Int {
        switch strategy {
        case .sample(let sampling): sampling.draws
        case .beam(let beam): beam.beams
        }
    }

    /// Prompt tokens and those all rows could come to: the most work it can be.
    package var greatestTokens: Int { prompt.count + rows * (decoderPrompt.count + stop.maximumTokens) }
}

/// How the next token is picked from a row of processed logits.
package struct Sampling: Equatable, Sendable {
    /// The most probable token, or one drawn at random.
    package enum Pick: Equatable, Sendable {
        case greedy
        case random(Filters)
    }

    /// The random filters, in transformers' order.
    ///
    /// Neutral by default.
    package struct Filters: Equatable, Sendable {
        /// What logits are divided by, more than 0.
        package var temperature: Float = 1
        /// Only so many of the most probable tokens, at least 1, and those equal to the last of them.
        package var topK: Int? = nil
        /// Only the fewest tokens whose probabilities reach it, above 0 up to 1 (Holtzman and others, 2020).
        package var topP: Float? = nil
        /// Only tokens with at least this share of the most probable one's probability, 0 to 1.
        package var minP: Float? = nil
        /// Only the tokens whose surprise is nearest to the entropy, up to this probability, above 0 up to 1 (Meister
        /// and others, 2022).
        package var typicalP: Float? = nil

        package init() {}
    }

    package var pick = Pick.greedy
    /// Continuations drawn.
    package var draws = 1
    /// Continuations returned: the most probable per token of the ones drawn.
    package var returned = 1
    /// The same numbers are drawn for the same seed, whatever else is running.
    package var seed: UInt64 = 0

    package init() {}
}

/// Beam search as transformers 5.23.0 does it.
package struct BeamParameters: Equatable, Sendable {
    /// When a search with as many finished hypotheses as beams ends: `early_stopping` of transformers.
    package enum EarlyStopping: Equatable, Sendable {
        /// When no running beam could beat the worst of them at any length: `"never"`.
        case never
        /// When the best running beam, at its present length, does not beat the worst of them: `False`.
        case heuristic
        /// At once: `True`.
        case whenFull
    }

    /// Hypotheses kept at each step, at least 1.
    package var beams = 4
    /// Best ones that are answered with, at most as many as beams.
    package var returned = 1
    /// Scores are divided by the length to this power: above 0 favours long ones, below 0 short ones.
    package var lengthPenalty: Float = 1
    package var earlyStopping = EarlyStopping.heuristic

    package init() {}
}

/// Changes to the logits before a token is picked, in transformers' order.
package struct LogitsConstraints: Equatable, Sendable {
    /// Added to the logits of these tokens.
    package var bias: [Int32: Float] = [:]
    /// Above 0: scores of tokens in the history, forced ones too, are divided by it where positive, else multiplied.
    ///
    /// 1 changes nothing (Keskar and others, 2019).
    package var repetitionPenalty: Float = 1
    /// OpenAI's penalty: taken off a token's score for each time it was generated; 0 changes nothing.
    package var frequencyPenalty: Float = 0
    /// OpenAI's penalty: taken off the score of each token that was generated; 0 changes nothing.
    package var presencePenalty: Float = 0
    /// Runs of so many tokens never come twice; 0 changes nothing.
    package var noRepeatNgramSize = 0
    /// Generated tokens before an end token is allowed.
    package var minimumTokens = 0

    package init() {}
}

/// When one continuation ends.
package struct StopCondition: Sendable {
    /// Generated tokens, end token included.
    package var maximumTokens: Int
    /// End-of-sequence tokens of the model.
    package var endTokens: Set<Int32>
    /// The end tokens do not end.
    package var ignoresEndTokens = false
    /// More tokens that end; they are not part of the text.
    package var stopTokens: Set<Int32> = []
    /// True when the text of the generated tokens holds a stop string.
    ///
    /// Runs on the threads the model computes on.
    package var stopsText: (@Sendable ([Int32]) -> Bool)? = nil

    package init(maximumTokens: Int, endTokens: Set<Int32>) {
        self.maximumTokens = maximumTokens
        self.endTokens = endTokens
    }
}
