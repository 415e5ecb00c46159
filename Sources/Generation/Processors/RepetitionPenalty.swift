/// Keskar and others, 2019: the score of a token that stands in the output is divided by the penalty, or multiplied when
/// negative.
///
/// The start token and forced tokens count, the encoder's input does not.
struct RepetitionPenalty: LogitsProcessor {
    private let penalty: Float

    /// nil when it would change nothing.
    init?(_ penalty: Float) {
        guard penalty != 1 else { return nil }
        self.penalty = penalty
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        for token in Set(output.tokens).map(Int.init) { scores[token] = scores[token].penalized(by: penalty) }
    }
}

extension Float {
    /// Less for a penalty above 1, whatever its sign.
    fileprivate func penalized(by penalty: Float) -> Float {
        guard isFinite else { return self }
        return self < 0 ? max(self * penalty, -.greatestScore) : min(self / penalty, .greatestScore)
    }
}

/// transformers' `EncoderRepetitionPenaltyLogitsProcessor`: the same over the prompt's tokens with the penalty's inverse,
/// so that above 1 it favours them.
struct EncoderRepetitionPenalty: LogitsProcessor {
    private let penalty: Float
    private let tokens: [Int]

    /// nil when it would change nothing.
    init?(_ penalty: Float, prompt: [Int32]) {
        guard penalty != 1 else { return nil }
        self.penalty = Float(1 / Double(penalty))
        tokens = Set(prompt).map(Int.init)
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        for token in tokens { scores[token] = scores[token].penalized(by: penalty) }
    }
}

/// OpenAI's penalties: `frequency · count + presence` for every token generated before.
struct OccurrencePenalty: LogitsProcessor {
    private let frequency: Float
    private let presence: Float

    /// nil when they would change nothing.
    init?(frequency: Float, presence: Float) {
        guard frequency != 0 || presence != 0 else { return nil }
        (self.frequency, self.presence) = (frequency, presence)
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        let generated = output.tokens.suffix(output.generated)
        for token in generated { scores[Int(token)] -= frequency }
        for token in Set(generated) { scores[Int(token)] -= presence }
    }
}
