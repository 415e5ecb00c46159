/// Which optimizer, and its numbers.
package struct OptimizerSettings: Equatable, Sendable, Codable {
    /// How gradients become changes of weights.
    package enum Kind: String, CaseIterable, Sendable, Codable {
        /// Loshchilov and Hutter, 2019.
        case adamW = "adamw"
        /// Shazeer and Stern, 2018, without momentum; second moments in rows and columns.
        case adafactor
    }

    package var kind = Kind.adamW
    /// How much of its past the mean of gradients keeps at each step, from 0 up to 1; AdamW's β₁.
    package var firstDecay: Float = 0.9
    /// The same of the mean of squared gradients; AdamW's β₂.
    package var secondDecay: Float = 0.98
    /// Added to the root of the second moment; AdamW's ε.
    package var epsilon: Float = 1e-9
    /// How fast embeddings, head and matrices shrink, as a share of the rate.
    package var weightDecay: Float = 0.01
    /// The rate of the embedding as a multiple of the others'.
    package var embeddingRate: Float = 1
    /// The same of the biases that attention has by distance.
    package var positionRate: Float = 1
    /// The rate is a share of the root mean square of each parameter, as Adafactor's paper has it; AdamW does not ask.
    package var scalesWithParameters = true
    /// Gradients are scaled down to this global norm.
    package var maximumNorm: Double = 1

    package init() {}

    func weightDecay(of role: Parameter.Role) -> Float {
        switch role {
        case .embedding, .head, .matrix, .router: weightDecay
        case .norm, .bias: 0
        }
    }

    func rate(of role: Parameter.Role) -> Float {
        switch role {
        case .embedding: embeddingRate
        case .bias: positionRate
        case .head, .matrix, .router, .norm: 1
        }
    }
}
