import Checkpoints
import Tensors

extension SwitchConfiguration {
    /// The largest `config.json` or `generation_config.json` that is read, in bytes.
    package static let maximumFileBytes = 1 << 20

    /// No dimension or count may pass this, so that the product of any two fits 64 bits many times over.
    private static let maximumSize = 1 << 24
    private static let maximumLayers = 1 << 12
    private static let sizes = 1...maximumSize

    /// Reads `config.json` and, where there is one, `generation_config.json` from a model directory.
    ///
    /// - Throws: `ConfigurationError.unreadable` for a file that is missing, too large or cannot be read; else as the
    ///   initializer from text does.
    package init(directory: String) throws(ConfigurationError) {
        let config: [UInt8]
        let generation: [UInt8]?
        do throws(CheckpointError) {
            config = try BoundedFile.read(directory + "/config.json", limit: Self.maximumFileBytes)
            let path = directory + "/generation_config.json"
            generation = try BoundedFile.readIfPresent(path, limit: Self.maximumFileBytes)
        } catch {
            throw .unreadable(error)
        }
        try self.init(config: config, generation: generation)
    }

    /// Reads the text of `config.json` and of `generation_config.json`, which wins where both speak.
    ///
    /// Absent keys mean what they mean to transformers 5.23.0. Accepts what its version 4 wrote.
    ///
    /// - Throws: `ConfigurationError`, naming the file and the key, for text that is not JSON, values out of range and
    ///   models this program would run wrongly.
    package init(config: [UInt8], generation: [UInt8]?) throws(ConfigurationError) {
        let config = try ConfigurationReader(config, file: "config.json")
        let hasOwnFile = generation != nil
        let generation = try ConfigurationReader(generation ?? Array("{}".utf8), file: "generation_config.json")
        let modelType = try config.string("model_type").flatMap(ModelType.init) ?? .switchTransformers
        self.init(startToken: 0, modelType)
        architecture = try Self.architecture(config)
        try checkKind(config)
        try readSizes(config)
        try readLayers(config)
        try readSwitches(config)
        try readTokens(config, generation)
        if hasOwnFile, architecture.hasDecoder { noteTokens(config, generation) }
    }

    /// The class that wrote the file says what there is: it marks both an encoder alone and a language model as no pair.
    private static func architecture(_ config: ConfigurationReader) throws(ConfigurationError) -> Architecture {
        let classes = try config.strings("architectures") ?? []
        if !classes.isEmpty, classes.allSatisfy({ $0.hasSuffix("EncoderModel") }) { return .encoderOnly }
        return try config.bool("is_encoder_decoder") == false ? .decoderOnly : .encoderDecoder
    }

    /// Refuses models this program would run wrongly.
    private func checkKind(_ config: ConfigurationReader) throws(ConfigurationError) {
        try config.require("model_type", oneOf: ModelType.allCases.map(\.rawValue))
        try config.require("router_dtype", oneOf: ["float32"])
        try config.require("router_type", oneOf: ["tokens_masked"])
        guard architecture == .decoderOnly, modelType != .switchTransformers else { return }
        throw .unsupported(file: "config.json", key: "is_encoder_decoder", value: "false", expected: "true")
    }

    private mutating func readSizes(_ config: ConfigurationReader) throws(ConfigurationError) {
        vocabularySize = try config.integer("vocab_size", in: Self.sizes) ?? vocabularySize
        modelWidth = try config.integer("d_model", alias: "hidden_size", in: Self.sizes) ?? modelWidth
        feedForwardWidth = try config.integer("d_ff", in: Self.sizes) ?? feedForwardWidth
        heads = try config.integer("num_heads", alias: "num_attention_heads", in: Self.sizes) ?? heads
        headWidth = try config.integer("d_kv", in: Self.sizes) ?? headWidth
        guard heads * headWidth <= Self.maximumSize else {
            throw .attentionTooWide(heads: heads, headWidth: headWidth, limit: Self.maximumSize)
        }
        // The encoder halves the buckets by direction and keeps half of those exact: fewer than 4 leave none.
        let buckets = 4...Self.maximumSize
        relativeBuckets = try config.integer("relative_attention_num_buckets", in: buckets) ?? relativeBuckets
        relativeMaxDistance =
            try config.integer("relative_attention_max_distance", in: Self.sizes) ?? relativeMaxDistance
        guard relativeMaxDistance > relativeBuckets / 2 else {
            throw .bucketsPastDistance(buckets: relativeBuckets, maxDistance: relativeMaxDistance)
        }
    }

    /// Depths, and which blocks are sparse: a step in the file wins over the number of sparse layers.
    private mutating func readLayers(_ config: ConfigurationReader) throws(ConfigurationError) {
        let layers = 1...Self.maximumLayers
        encoderLayers = try config.integer("num_layers", alias: "num_hidden_layers", in: layers) ?? encoderLayers
        let decoderDefault = config.mentions("num_decoder_layers") ? encoderLayers : decoderLayers
        decoderLayers = try config.integer("num_decoder_layers", in: layers) ?? decoderDefault
        // What a model does not have the file may speak of all the same.
        if !architecture.hasEncoder { encoderLayers = 0 }
        if !architecture.hasDecoder { decoderLayers = 0 }
        encoderSparseStep = try sparseStep(config, .encoder, layers: encoderLayers)
        decoderSparseStep = try sparseStep(config, .decoder, layers: decoderLayers)
        let hasSparseBlocks = Stack.allCases.contains { !sparseBlocks(in: $0).isEmpty }
        let counts = (hasSparseBlocks ? 1 : 0)...Self.maximumSize
        experts = try config.integer("num_experts", in: counts) ?? experts
        let choices = 1...max(experts, 1)
        self.choices =
            try config.integer("num_experts_per_tok", alias: "num_selected_experts", in: choices) ?? self.choices
        prunedFrom = try config.integer(ExpertPruning.key, in: Self.sizes)
        expertCapacity = try config.integer("expert_capacity", in: 1...Int(Int32.max)) ?? expertCapacity
    }

    private func sparseStep(
        _ config: ConfigurationReader,
        _ stack: Stack,
        layers: Int
    ) throws(ConfigurationError) -> Int {
        guard modelType == .switchTransformers else { return 0 }
        let sparseLayers = try config.integer("num_sparse_\(stack.rawValue)_layers", in: 0...Self.maximumLayers) ?? 3
        let step = try config.integer("\(stack.rawValue)_sparse_step", in: 0...Self.maximumLayers)
        return step ?? (sparseLayers > 0 ? layers / sparseLayers : layers)
    }

    private mutating func readSwitches(_ config: ConfigurationReader) throws(ConfigurationError) {
        routerBias = try config.bool("router_bias") ?? routerBias
        layerNormEpsilon = try config.epsilon("layer_norm_epsilon") ?? layerNormEpsilon
        let isTied = try config.bool("tie_word_embeddings") ?? true
        switch modelType {
        case .switchTransformers: (tieWordEmbeddings, scalesDecoderOutput) = (isTied, isTied)
        // Version 5 says which; before, tied models were those that scale. The tensors tell what is tied.
        case .t5: scalesDecoderOutput = try config.bool("scale_decoder_outputs") ?? isTied
        case .mt5: break
        // Published ones say that nothing is tied, and were trained without; 5.23.0 writes true, whatever is the case.
        case .umt5: scalesDecoderOutput = isTied
        }
        try readFeedForward(config)
    }

    /// T5 goes by `feed_forward_proj`, Switch Transformers by `dense_act_fn`; old writers gave both.
    private mutating func readFeedForward(_ config: ConfigurationReader) throws(ConfigurationError) {
        let keys = ["feed_forward_proj", "dense_act_fn"]
        for key in modelType == .switchTransformers ? keys.reversed() : keys {
            guard let name = try config.string(key) else { continue }
            guard let kind = FeedForwardKind(named: name) else {
                try config.require(key, oneOf: FeedForwardKind.activations.keys.sorted())
                continue
            }
            feedForward = kind
            break
        }
        guard modelType == .switchTransformers else { return }
        if try config.bool("is_gated_act") == true { feedForward.isGated = true }
        if try config.string("feed_forward_proj") == "gated-gelu" {
            feedForward = FeedForwardKind(activation: .geluTanh, isGated: true)
        }
    }
}
