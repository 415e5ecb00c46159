package import Checkpoints
import JSON
import Tensors

extension SwitchConfiguration {
    /// Reads a model directory's configuration and sets right what its tensors contradict; of a checkpoint of another layout
    /// than Hugging Face's without `config.json`, what its tensors, its gin file and `assumptions` say.
    ///
    /// - Parameter checkpoint: what the directory holds.
    ///
    /// - Throws: what reading the configuration and `repair` throw, and `.unsupported` where there is a file for what is
    ///   assumed.
    package init(
        directory: String,
        _ checkpoint: CheckpointDirectory,
        assuming assumptions: ConfigurationAssumptions = .init()
    ) throws(ConfigurationError) {
        let file: [UInt8]?
        do throws(CheckpointError) {
            file = try BoundedFile.readIfPresent(directory + "/config.json", limit: Self.maximumFileBytes)
        } catch {
            throw .unreadable(error)
        }
        if let original = checkpoint.original, file == nil {
            let derived = try OriginalConfiguration(original, assumptions)
            try self.init(config: JSONText.bytes(JSONValue.object(derived.members)), generation: nil)
            self.assumptions = derived.assumptions
        } else {
            if let key = assumptions.members.sortedNames.first {
                throw .unsupported(
                    file: "--assume",
                    key: key,
                    value: "given",
                    expected: "none beside config.json, which says what the model is"
                )
            }
            try self.init(directory: directory)
        }
        try repair(TensorCensus(checkpoint.claimedNames))
    }

    /// Reads a model directory's configuration and sets right what its tensors contradict.
    ///
    /// - Parameter tensors: names of all tensors in the directory.
    ///
    /// - Throws: what reading the configuration and `repair` throw.
    package init(directory: String, tensors: Set<String>) throws(ConfigurationError) {
        try self.init(directory: directory)
        try repair(TensorCensus(tensors))
    }

    /// Believes the tensors where the two contradict: several published configurations describe another model.
    ///
    /// Leaves a note of every change.
    ///
    /// - Throws: `.sparseBlocksFitNoStep` where sparse blocks are not every n-th, `.outOfRange` where tokens would go
    ///   to more experts than there are.
    package mutating func repair(_ census: TensorCensus) throws(ConfigurationError) {
        repairLayers(census)
        try repairSparseBlocks(census.encoder, in: .encoder)
        try repairSparseBlocks(census.decoder, in: .decoder)
        try repairExperts(census)
        if census.hasRouterBias { change(\.routerBias, to: true, "router_bias") }
        repairFeedForward(census)
        repairBiases(census)
        repairHead(census)
    }

    private mutating func repairLayers(_ census: TensorCensus) {
        let (encoder, decoder) = (census.encoder.layers, census.decoder.layers)
        if encoder > 0, architecture.hasEncoder { change(\.encoderLayers, to: encoder, "num_layers") }
        if decoder > 0, architecture.hasDecoder { change(\.decoderLayers, to: decoder, "num_decoder_layers") }
    }

    private mutating func repairSparseBlocks(_ found: TensorCensus.Stack, in stack: Stack) throws(ConfigurationError) {
        let layers = layers(in: stack)
        guard found.layers == layers, Set(sparseBlocks(in: stack)) != found.sparseBlocks else { return }
        let keyPath: WritableKeyPath<Self, Int> = stack == .encoder ? \.encoderSparseStep : \.decoderSparseStep
        let key = "\(stack.rawValue)_sparse_step"
        let old = self[keyPath: keyPath]
        for step in 0...layers {
            self[keyPath: keyPath] = step
            guard Set(sparseBlocks(in: stack)) == found.sparseBlocks else { continue }
            notes.append(Self.note(key, old, step))
            return
        }
        throw .sparseBlocksFitNoStep(stack: stack.rawValue, blocks: found.sparseBlocks.sorted())
    }

    /// There may be fewer experts than a token was to go to.
    private mutating func repairExperts(_ census: TensorCensus) throws(ConfigurationError) {
        guard census.experts > 0 else { return }
        change(\.experts, to: census.experts, "num_experts")
        guard choices <= experts else {
            throw .outOfRange(file: "config.json", key: "num_experts_per_tok", value: choices, allowed: 1...experts)
        }
    }

    private mutating func repairFeedForward(_ census: TensorCensus) {
        guard census.hasGatedFeedForward != census.hasPlainFeedForward else { return }
        guard feedForward.isGated != census.hasGatedFeedForward else { return }
        feedForward.isGated = census.hasGatedFeedForward
        let found = feedForward.isGated ? "wi_0 and wi_1" : "wi"
        notes.append("the feed-forward layers hold \(found): is_gated_act is \(feedForward.isGated)")
        if feedForward.isGated, feedForward.activation == .gelu {
            // Models of this family with gates were trained with the tanh form, which 'gated-gelu' stands for.
            feedForward.activation = .geluTanh
            notes.append("the activation of a gated feed-forward is gelu_new, not gelu")
        }
    }

    /// A table in a later block is never without meaning; that of the first alone is all blocks'.
    private mutating func repairBiases(_ census: TensorCensus) {
        let isBeyondFirst = (census.encoder.biasedBlocks.union(census.decoder.biasedBlocks)).contains { $0 > 0 }
        guard isBeyondFirst, !biasInEveryBlock else { return }
        biasInEveryBlock = true
        notes.append("every block has a position bias of its own, as in umT5")
    }

    /// A head that should be there and is not stays missing: the embedding in its place would answer, and wrongly.
    private mutating func repairHead(_ census: TensorCensus) {
        guard architecture.hasDecoder, census.hasDecoderHead, !census.hasHead else { return }
        guard tieWordEmbeddings || scalesDecoderOutput else { return }
        (tieWordEmbeddings, scalesDecoderOutput) = (false, false)
        notes.append("decoder.lm_head.weight is a head of its own: tie_word_embeddings is false")
    }

    private mutating func change<Value: Equatable>(
        _ keyPath: WritableKeyPath<Self, Value>,
        to value: Value,
        _ key: String
    ) {
        guard self[keyPath: keyPath] != value else { return }
        notes.append(Self.note(key, self[keyPath: keyPath], value))
        self[keyPath: keyPath] = value
    }

    private static func note(_ key: String, _ old: some Any, _ new: some Any) -> String {
        "\(key) is \(new), as the tensors say, not \(old)"
    }
}
