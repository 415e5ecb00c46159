import SwitchModel

/// How a dense model begins anew as a sparse one: every expert is the dense layer, routers are new (Komatsuzaki and others,
/// 2022).
package struct Upcycling: Equatable, Sendable, Codable {
    /// Of each sparse layer.
    package var experts: Int
    /// Every how many blocks one becomes sparse.
    package var sparseStep: Int
    /// How many experts each token goes to.
    package var choices: Int
    /// Tokens of a sequence that an expert takes.
    package var expertCapacity: Int
    /// What routers are drawn by.
    package var seed: UInt64

    package init(experts: Int, sparseStep: Int, choices: Int, expertCapacity: Int, seed: UInt64) {
        (self.experts, self.sparseStep, self.choices) = (experts, sparseStep, choices)
        (self.expertCapacity, self.seed) = (expertCapacity, seed)
    }

    /// The standard deviation that routers are drawn with, times the inverse root of the model's width: enough to tell experts
    /// apart, and so little that all gates are nearly one by the number of experts.
    static let routerDeviation: Float = 0.02

    /// What the experts' second product is multiplied with, so that the layer's output is the dense one's at first.
    ///
    /// One choice is scaled by its probability, nearly one by the number of experts; several by shares that add up to 1.
    var outputFactor: Float { choices == 1 ? Float(experts) : 1 }

    /// The configuration of the sparse model.
    ///
    /// - Throws: `TrainingError.notThisStart` for a model that cannot become one.
    func applied(to dense: SwitchConfiguration) throws(TrainingError) -> SwitchConfiguration {
        guard dense.sparseLayers == 0 else { throw .notThisStart("--upcycle-experts: the model has experts already") }
        guard dense.hasOwnHead || dense.scalesDecoderOutput else {
            throw .notThisStart(
                "--upcycle-experts: the model's head is its embedding and its output is not scaled, as no Switch Transformer has it"
            )
        }
        var sparse = dense
        sparse.modelType = .switchTransformers
        sparse.tieWordEmbeddings = dense.scalesDecoderOutput
        (sparse.encoderSparseStep, sparse.decoderSparseStep) = (sparseStep, sparseStep)
        (sparse.experts, sparse.choices, sparse.expertCapacity) = (experts, choices, expertCapacity)
        guard sparse.sparseLayers > 0 else {
            throw .notThisStart("--sparse-step \(sparseStep) makes no block of the model sparse")
        }
        return sparse
    }
}
