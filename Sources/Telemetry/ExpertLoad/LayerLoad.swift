/// One of the two halves of an encoder-decoder model.
package enum ModelStack: String, Hashable, Sendable, CaseIterable {
    case encoder
    case decoder
}

/// What the router of one sparse layer did, in one forward pass or over some time; arrays have one entry per expert.
///
/// A token that goes to several experts counts once for each.
package struct LayerLoad: Equatable, Sendable {
    /// Tokens each expert computed.
    package var tokens: [Int]
    /// Tokens each expert had no room for.
    package var dropped: [Int]
    /// Sum of the gates of the tokens computed.
    package var gateSums: [Double]
    /// Sum over tokens of the entropy of the router's distribution, in nats.
    package var entropySum: Double
    /// Sum over tokens of the winning probability.
    package var topProbabilitySum: Double

    package init(
        tokens: [Int],
        dropped: [Int],
        gateSums: [Double],
        entropySum: Double,
        topProbabilitySum: Double
    ) {
        self.tokens = tokens
        self.dropped = dropped
        self.gateSums = gateSums
        self.entropySum = entropySum
        self.topProbabilitySum = topProbabilitySum
    }

    /// Nothing yet.
    package init(experts: Int) {
        self.init(
            tokens: Array(repeating: 0, count: experts),
            dropped: Array(repeating: 0, count: experts),
            gateSums: Array(repeating: 0, count: experts),
            entropySum: 0,
            topProbabilitySum: 0
        )
    }

    /// - Precondition: as many experts.
    package mutating func add(_ other: Self) {
        for expert in tokens.indices {
            tokens[expert] += other.tokens[expert]
            dropped[expert] += other.dropped[expert]
            gateSums[expert] += other.gateSums[expert]
        }
        entropySum += other.entropySum
        topProbabilitySum += other.topProbabilitySum
    }

    /// The busiest expert's tokens over the mean; nil without tokens.
    package var imbalance: Double? {
        let total = tokens.reduce(0, +)
        guard total > 0, let most = tokens.max() else { return nil }
        return Double(most) * Double(tokens.count) / Double(total)
    }

    /// Standard deviation of the experts' tokens over their mean; nil without tokens.
    package var coefficientOfVariation: Double? {
        let total = tokens.reduce(0, +)
        guard total > 0 else { return nil }
        let mean = Double(total) / Double(tokens.count)
        let variance = tokens.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(tokens.count)
        return variance.squareRoot() / mean
    }
}
