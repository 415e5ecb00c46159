import Foundation

/// transformers' `MinLengthLogitsProcessor` and `MinNewTokensLengthLogitsProcessor`: no end token before a length.
struct HeldBackEnd: LogitsProcessor {
    private let endTokens: [Int32]
    private let minimumLength: Int

    /// nil when it would change nothing.
    ///
    /// - Parameter minimumLength: tokens of the output, start token and forced tokens included.
    init?(_ endTokens: [Int32], minimumLength: Int) {
        guard minimumLength > 0, !endTokens.isEmpty else { return nil }
        (self.endTokens, self.minimumLength) = (endTokens, minimumLength)
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        guard output.tokens.count < minimumLength else { return }
        for token in endTokens { scores[Int(token)] = -.infinity }
    }
}

/// transformers' `ForcedEOSTokenLogitsProcessor`: the last token that the maximum leaves room for is one of these.
///
/// Its score is 0 whatever it was: of several the lowest is picked, and a beam's sum stays what it was.
struct ForcedLastTokens: LogitsProcessor {
    private let tokens: [Int32]
    private let maximumTokens: Int

    /// nil when there are none.
    init?(_ tokens: [Int32], maximumTokens: Int) {
        guard !tokens.isEmpty else { return nil }
        (self.tokens, self.maximumTokens) = (tokens, maximumTokens)
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        guard output.generated == maximumTokens - 1 else { return }
        scores.allow(only: tokens, score: 0)
    }
}

/// transformers' `ExponentialDecayLengthPenalty`: end tokens gain more and more after so many generated tokens.
///
/// What is added grows with the score's magnitude, so that log-probabilities, too, may become positive.
struct DecayedLength: LogitsProcessor {
    private let decay: LogitsConstraints.LengthDecay
    private let endTokens: [Int32]

    /// nil when there is none.
    init?(_ decay: LogitsConstraints.LengthDecay?, endTokens: [Int32]) {
        guard let decay, !endTokens.isEmpty else { return nil }
        (self.decay, self.endTokens) = (decay, endTokens)
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        guard output.generated > decay.start else { return }
        let growth = min(Float(pow(decay.factor, Double(output.generated - decay.start)) - 1), .greatestScore)
        for token in endTokens.map(Int.init) where scores[token].isFinite {
            scores[token] = min(scores[token] + abs(scores[token]) * growth, .greatestScore)
        }
    }
}
