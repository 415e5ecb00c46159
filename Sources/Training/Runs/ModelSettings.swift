import SwitchModel

/// The sizes of a model to be trained, as they are written down.
package struct ModelSettings: Equatable, Sendable, Codable {
    package enum Architecture: String, CaseIterable, Sendable, Codable {
        case encoderDecoder = "encoder-decoder"
        /// A language model.
        case decoderOnly = "decoder-only"
    }

    package var architecture = Architecture.encoderDecoder
    package var modelWidth = 256
    package var feedForwardWidth = 512
    package var heads = 8
    package var headWidth = 32
    package var encoderLayers = 4
    package var decoderLayers = 4
    /// Every how many blocks one is sparse; 0 for none.
    package var sparseStep = 2
    package var experts = 8
    /// How many experts each token goes to.
    package var choices = 1
    /// Tokens of a sequence that an expert takes, in training unless there is a factor, and when the model is served.
    package var expertCapacity = 64
    /// How many times its even share of a batch an expert takes in training.
    package var capacityFactor: Double?
    package var relativeBuckets = 32
    package var relativeMaxDistance = 128
    package var isTied = false
    package var initialization = ModelShape.Initialization()

    package init() {}

    /// What is trained.
    ///
    /// - Parameters:
    ///   - vocabularySize: rows of the embedding.
    ///   - special: the tokens that outputs begin and end with.
    package func shape(vocabularySize: Int, _ special: SpecialIDs) -> ModelShape {
        var configuration = SwitchConfiguration(startToken: special.start)
        configuration.architecture = architecture == .encoderDecoder ? .encoderDecoder : .decoderOnly
        configuration.vocabularySize = vocabularySize
        (configuration.modelWidth, configuration.feedForwardWidth) = (modelWidth, feedForwardWidth)
        (configuration.heads, configuration.headWidth) = (heads, headWidth)
        (configuration.encoderLayers, configuration.decoderLayers) = (encoderLayers, decoderLayers)
        (configuration.encoderSparseStep, configuration.decoderSparseStep) = (sparseStep, sparseStep)
        (configuration.experts, configuration.choices) = (experts, choices)
        configuration.expertCapacity = expertCapacity
        (configuration.relativeBuckets, configuration.relativeMaxDistance) = (relativeBuckets, relativeMaxDistance)
        (configuration.tieWordEmbeddings, configuration.scalesDecoderOutput) = (isTied, isTied)
        configuration.endTokens = [special.end]
        var shape = ModelShape(configuration)
        shape.capacity = capacityFactor.map { .factor($0) } ?? .perSequence
        shape.initialization = initialization
        return shape
    }
}
