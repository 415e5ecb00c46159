/// Changes to the scores before a token is picked, in the order in which they act.
///
/// Named and ordered as in transformers 5.23.0 (`_get_logits_processor`); what only OpenAI's or vLLM's interface has stands
/// where it meets none of the others. Neutral by default.
package struct LogitsConstraints: Equatable, Sendable {
    /// A run of tokens whose last gets a bias when the others stand at the end of the output, start token included.
    package struct BiasedSequence: Equatable, Sendable {
        /// Never empty; ids below the vocabulary's size.
        package var tokens: [Int32]
        /// Added to the last token's score.
        package var bias: Float

        package init(tokens: [Int32], bias: Float) {
            self.tokens = tokens
            self.bias = bias
        }
    }

    /// From `start` generated tokens on, end tokens gain `|score| · (factor^n − 1)`, `n` counting on from there.
    package struct LengthDecay: Equatable, Sendable {
        /// Generated tokens, 0 or more.
        package var start: Int
        /// Above 0; above 1 it shortens outputs.
        package var factor: Double

        package init(start: Int, factor: Double) {
            self.start = start
            self.factor = factor
        }
    }

    /// Added to the scores of these tokens: OpenAI's `logit_bias`.
    package var bias: [Int32: Float] = [:]
    package var sequenceBias: [BiasedSequence] = []
    /// Above 1 it favours the prompt's tokens, below it holds them back.
    package var encoderRepetitionPenalty: Float = 1
    /// Above 0: scores of tokens in the output, forced ones too, are divided by it where positive, else multiplied.
    ///
    /// 1 changes nothing (Keskar and others, 2019).
    package var repetitionPenalty: Float = 1
    /// OpenAI's penalty: taken off a token's score for each time it was generated; 0 changes nothing.
    package var frequencyPenalty: Float = 0
    /// OpenAI's penalty: taken off the score of each token that was generated; 0 changes nothing.
    package var presencePenalty: Float = 0
    /// Tokens of a run that may stand in the output only once; 0 for no limit.
    package var noRepeatNgramSize = 0
    /// Tokens of a run of the prompt that may not stand in the output; 0 for no limit.
    package var encoderNoRepeatNgramSize = 0
    /// Runs of tokens that may not stand in the output; none is empty.
    package var badWords: [[Int32]] = []
    /// Length of the output before an end token is allowed, start token and forced tokens counted.
    package var minimumLength = 0
    /// Generated tokens before an end token is allowed; where it is given, `minimumLength` has no effect.
    package var minimumTokens: Int? = nil
    /// vLLM's: no other token is allowed; nil for any.
    package var allowedTokens: [Int32]? = nil
    /// The only token that may follow the start token.
    package var forcedFirstToken: Int32? = nil
    /// The only tokens that the last one, where the output reaches its maximum, may be; empty for any.
    package var forcedLastTokens: [Int32] = []
    package var lengthDecay: LengthDecay? = nil
    /// Never generated.
    package var suppressedTokens: [Int32] = []
    /// Not the first token that is generated.
    package var suppressedFirstTokens: [Int32] = []
    /// A beam's processed scores become log-probabilities again before they are added up; drawing and greedy picking are
    /// the same with it.
    package var renormalizes = false

    package init() {}
}
