import Foundation

/// The best hypotheses that ended, as many as there are beams, and whether a running one can still join them.
struct FinishedBeams {
    /// The best first; those that ended earlier come before equals.
    private(set) var best: [FinishedHypothesis] = []
    /// Latched: once no running beam can beat the worst finished one, nothing more is taken in.
    private var canImprove = true
    private let parameters: BeamParameters
    private let maximumTokens: Int

    /// - Parameter maximumTokens: the greatest length of a hypothesis.
    init(_ parameters: BeamParameters, maximumTokens: Int) {
        (self.parameters, self.maximumTokens) = (parameters, maximumTokens)
    }

    private var isComplete: Bool {
        best.count == parameters.beams && parameters.earlyStopping == .whenFull
    }

    /// Takes in hypotheses of `length` tokens that ended; those ruled out are left.
    mutating func take(_ ended: [(hypothesis: BeamHypothesis, reason: FinishReason)], length: Int) {
        guard canImprove, !isComplete else { return }
        for (hypothesis, reason) in ended where hypothesis.score > -.infinity {
            best.append(
                FinishedHypothesis(
                    hypothesis: hypothesis,
                    reason: reason,
                    normalizedScore: normalized(hypothesis.score, length: length)
                )
            )
        }
        let order = best.indices.sorted {
            let (a, b) = (best[$0].normalizedScore, best[$1].normalizedScore)
            return a != b ? a > b : $0 < $1
        }
        best = order.prefix(parameters.beams).map { best[$0] }
    }

    /// Whether the search may end here, beside a best running beam of such a score and length.
    mutating func isOver(bestRunning score: Float, length: Int) -> Bool {
        let isLongest = parameters.earlyStopping == .never && parameters.lengthPenalty > 0
        let bestPossible = score / lengthPenalty(isLongest ? maximumTokens : length)
        // An extreme length penalty takes scores past what the reference fills empty places with; they stay empty.
        let isFull = best.count == parameters.beams
        canImprove = canImprove && (!isFull || bestPossible > best[best.count - 1].normalizedScore)
        return !canImprove || isComplete
    }

    /// The score that a hypothesis of `length` tokens is compared by once it ended.
    func normalized(_ score: Float, length: Int) -> Float { score / lengthPenalty(length) }

    private func lengthPenalty(_ length: Int) -> Float {
        max(Float(pow(Double(length), Double(parameters.lengthPenalty))), .leastNormalMagnitude)
    }
}
