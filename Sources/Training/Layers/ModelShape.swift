package import SwitchModel

/// What is trained: the model's sizes, and what only training needs to know of it.
package struct ModelShape: Equatable, Sendable {
    package var configuration: SwitchConfiguration
    package var capacity = Capacity.perSequence
    package var initialization = Initialization()

    package init(_ configuration: SwitchConfiguration) { self.configuration = configuration }

    /// The shape of a model that was not made here.
    ///
    /// - Throws: `TrainingError.notTrainable` for one with parts that are served but not trained.
    package init(checking configuration: SwitchConfiguration) throws(TrainingError) {
        if configuration.modelType != .switchTransformers {
            throw .notTrainable("the type \(configuration.modelType.rawValue)")
        }
        if configuration.feedForward != FeedForwardKind() {
            throw .notTrainable("a feed-forward layer with \(configuration.feedForward)")
        }
        if configuration.routerBias { throw .notTrainable("routers with a bias") }
        self.init(configuration)
    }

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
