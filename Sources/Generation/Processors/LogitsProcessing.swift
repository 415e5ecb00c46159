import Foundation

/// Applies a request's constraints to one row of scores, in transformers' order.
///
/// Scores are raw logits when sampling and log-probabilities in beam search.
struct LogitsProcessing: Sendable {
    let constraints: LogitsConstraints
    let endTokens: [Int32]

    init(_ request: GenerationRequest) {
        constraints = request.constraints
        endTokens = request.stop.ignoresEndTokens ? [] : request.stop.endTokens.sorted()
    }

    /// Nothing would change.
    var isNeutral: Bool { constraints == LogitsConstraints() }

    /// - Parameters:
    ///   - history: decoder tokens so far, start token and forced tokens included.
    ///   - generated: how many of the last tokens of `history` were generated.
    func apply(to scores: inout [Float], history: [Int32], generated: Int) {
        for (token, bias) in constraints.bias where scores.indices.contains(Int(token)) {
            scores[Int(token)] += bias
        }
        penalizeRepetition(in: &scores, history: history)
        penalizeOccurrence(in: &scores, generated: history.suffix(generated))
        banRepeatedNgrams(in: &scores, history: history)
        if generated < constraints.minimumTokens {
            for token in endTokens { scores[Int(token)] = -.infinity }
        }
    }

    /// Keskar and others, 2019: a token seen before is divided by the penalty, or multiplied when negative.
    private func penalizeRepetition(in scores: inout [Float], history: [Int32]) {
        let penalty = constraints.repetitionPenalty
        guard penalty != 1 else { return }
        for token in Set(history).map(Int.init) {
            scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty
        }
    }

    /// OpenAI's penalties: `frequency · count + presence` for every token generated before.
    private func penalizeOccurrence(in scores: inout [Float], generated: ArraySlice<Int32>) {
        guard constraints.frequencyPenalty != 0 || constraints.presencePenalty != 0 else { return }
        for token in generated { scores[Int(token)] -= constraints.frequencyPenalty }
        for token in Set(generated) { scores[Int(token)] -= constraints.presencePenalty }
    }

    /// Bans every token that followed an earlier occurrence of the last `n - 1` tokens.
    private func banRepeatedNgrams(in scores: inout [Float], history: [Int32]) {
        let size = constraints.noRepeatNgramSize
        guard size > 0, history.count >= size else { return }
        let prefix = history.suffix(size - 1)
        for start in 0...(history.count - size) where history[start..<start + size - 1].elementsEqual(prefix) {
            scores[Int(history[start + size - 1])] = -.infinity
        }
    }
}
