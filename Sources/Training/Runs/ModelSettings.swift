import SwitchModel

/// The sizes of a model to be trained, as they are written down.
package struct ModelSettings: Equatable, Sendable, Codable {
    /// Which stacks a model has.
    package enum Architecture: String, CaseIterable, Sendable, Codable {
        case encoderDecoder = "encoder-decoder"
        /// A language model.
        case decoderOnly = "decoder-only"
    }

    package var architecture = Architecture.encoderDecoder
    /// Elements of a token's state: `d_model`.
    package var modelWidth = 256
    /// Hidden elements of dense layers, and of each expert: `d_ff`.
    package var feedForwardWidth = 512
    /// Of every attention layer.
    package var heads = 8
    /// Elements of a query or a key: `d_kv`; heads times it need not be the model's width.
    package var headWidth = 32
    /// Blocks, at least 1; a language model has none.
    package var encoderLayers = 4
    /// Blocks, at least 1.
    package var decoderLayers = 4
    /// Every how many blocks one is sparse; 0 for none.
    package var sparseStep = 2
    /// In each sparse layer.
    package var experts = 8
    /// How many experts each token goes to.
    package var choices = 1
    /// Tokens of a sequence that an expert takes, in training unless there is a factor, and when the model is served.
    package var expertCapacity = 64
    /// How many times its even share of a worker's part of a batch an expert takes in training; nil for
    /// `expertCapacity`.
    package var capacityFactor: Double?
    /// Buckets that distances between tokens fall in, each with a bias for each head (Raffel and others 2020, §2.1).
    package var relativeBuckets = 32
    /// Tokens from which on all distances share the last bucket of their direction.
    package var relativeMaxDistance = 128
    /// The head is the embedding; the decoder's output is then divided by the root of the model's width, as in T5.
    package var isTied = false
    package var initialization = ModelShape.Initialization()

    package init() {}

    /// A model of these sizes.
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
        shape.initialization = initialization
        return shape
    }
}
