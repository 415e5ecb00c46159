/// One of the two halves of an encoder-decoder model.
package enum ModelStack: String, Hashable, Sendable, CaseIterable {
    case encoder
    case decoder
}

/// What the router of one sparse layer did in one forward pass; arrays have one entry per expert.
package struct LayerLoad: Sendable {
    package var tokens: [Int]
    package var dropped: [Int]
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
}

/// The load of every expert since start and over a sliding window.
package final class ExpertLoad: Sendable {
    /// A sparse layer: its stack, its block index, and how many experts it has.
    package struct Layer: Hashable, Sendable {
        package let stack: ModelStack
        package let block: Int
        package let experts: Int

        package init(stack: ModelStack, block: Int, experts: Int) {
            self.stack = stack
            self.block = block
            self.experts = experts
        }
    }

    package let layers: [Layer]

    package init(layers: [Layer]) {
        self.layers = layers
    }

    /// Adds one forward pass.
    ///
    /// `layer` indexes `layers`. Called by the engine thread only.
    package func record(_ load: LayerLoad, layer: Int) {}
}
