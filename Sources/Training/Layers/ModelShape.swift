package import SwitchModel

/// What is trained: the model's sizes, and what only training needs to know of it.
package struct ModelShape: Equatable, Sendable {
    package var configuration: SwitchConfiguration
    package var capacity = Capacity.perSequence
    /// Each stack looks tokens up in a table of its own; else both have one.
    package var hasTableOfEachStack = false
    /// What is not learnt.
    package var frozen: [ParameterGroup] = []
    /// Activations are computed again on the way back rather than kept: of each block only its input is.
    package var recomputes = false
    package var initialization = Initialization()

    package init(_ configuration: SwitchConfiguration) { self.configuration = configuration }

    static let sharedTable = "shared.weight"
    static let tablesOfStacks = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]
    static let head = "lm_head.weight"

    /// How many tokens an expert takes; those over it are passed by the residual.
    package enum Capacity: Equatable, Sendable {
        /// The configuration's number of each sequence, as the model is served.
        case perSequence
        /// This many times the even share of all tokens that a worker has at once (Fedus and others 2021, equation 3).
        case factor(Double)
    }

    /// Standard deviations that weights are drawn with at first, from normal distributions cut off at two of them.
    package struct Initialization: Equatable, Sendable, Codable {
        /// Of the embedding, and so of a head that is tied to it.
        package var embedding: Float = 1
        /// Times the inverse root of the model width; for a head of its own.
        package var head: Float = 1
        /// Times what makes a matrix keep the scale of its input.
        package var matrices: Float = 1
        /// Times the inverse root of the model width.
        package var router: Float = 0.3

        package init() {}
    }
}
