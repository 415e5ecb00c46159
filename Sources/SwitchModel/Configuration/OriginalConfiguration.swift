package import Checkpoints
package import JSON

/// The `config.json` that a checkpoint of T5X or Mesh TensorFlow would have: sizes by the shapes of its tensors, the rest from
/// its gin file, the operator, or the habit of the family.
package struct OriginalConfiguration {
    /// Members of `config.json`.
    package private(set) var members: JSONObject = [:]
    /// What the tensors do not say, and where it was taken from; a sentence each.
    package private(set) var assumptions: [String] = []

    private let shapes: [String: [Int]]
    private let settings: GinFile?
    private let assumed: ConfigurationAssumptions

    /// - Throws: `.unreadable` where tensors are missing from which sizes are read.
    package init(_ original: OriginalModel, _ assumed: ConfigurationAssumptions) throws(ConfigurationError) {
        (shapes, settings, self.assumed) = (original.shapes, original.settings, assumed)
        let census = TensorCensus(Set(shapes.keys))
        do throws(CheckpointError) { try readSizes(census) } catch { throw .unreadable(error) }
        nameFamily(census)
        addLayers(census)
        addFeedForward(census)
        let layout = settings.map { " nor \($0.path)" } ?? ""
        var defaults: [String] = []
        for (key, settings, value) in Self.unsaid where key != "expert_capacity" || census.experts > 0 {
            take(key, from: settings, else: value, &defaults)
        }
        guard !defaults.isEmpty else { return }
        assumptions.append(
            "by the family's defaults, as neither shapes\(layout) say: \(defaults.joined(separator: ", "))"
        )
    }

    /// Keys beside the activation that shapes do not tell, what gin files call them, and what they mostly are.
    private static let unsaid: [(key: String, settings: [String], value: JSONValue)] = [
        ("relative_attention_max_distance", ["RelativePositionBiases.max_distance"], .integer(128)),
        ("layer_norm_epsilon", ["T5LayerNorm.epsilon", "sublayer_rms_norm.epsilon"], .real(1e-6)),
        ("expert_capacity", [], .integer(64)),
        ("pad_token_id", [], .integer(0)), ("eos_token_id", [], .integer(1)),
        ("decoder_start_token_id", [], .integer(0)),
    ]

    private mutating func take(_ key: String, from names: [String], else value: JSONValue, _ defaults: inout [String]) {
        if let given = assumed.members[key] {
            members[key] = given
            assumptions.append("\(key) is \(given.text), by --assume")
        } else if let (name, text) = setting(names),
            let number = try? JSONParser.parse(Array(text.utf8)), number.isNumber
        {
            members[key] = number
            assumptions.append("\(key) is \(text), by \(name) in \(settings?.path ?? "")")
        } else {
            members[key] = value
            defaults.append("\(key) \(value.text)")
        }
    }

    /// The first of `names` that the gin file sets.
    private func setting(_ names: [String]) -> (name: String, text: String)? {
        names.lazy.compactMap { settings?.value($0) }.first
    }

    private func shape(_ name: String, _ dimensions: Int) throws(CheckpointError) -> [Int] {
        guard let shape = shapes[name], shape.count == dimensions else { throw .missingTensor(name: name) }
        return shape
    }

    private mutating func readSizes(_ census: TensorCensus) throws(CheckpointError) {
        let side = census.encoder.layers > 0 ? "encoder" : "decoder"
        let embedding = try shape("shared.weight", 2)
        let bias = try shape("\(side).block.0.layer.0.SelfAttention.relative_attention_bias.weight", 2)
        let query = try shape("\(side).block.0.layer.0.SelfAttention.q.weight", 2)
        let inner = shapes.filter { $0.key.contains(".wi.") || $0.key.contains(".wi_0.") }.min { $0.key < $1.key }
        guard let inner, let width = inner.value.first else {
            throw .missingTensor(name: "\(side).block.0: wi or wi_0")
        }
        let numbers = [
            "vocab_size": embedding[0], "d_model": embedding[1], "num_heads": bias[1],
            "relative_attention_num_buckets": bias[0], "d_kv": bias[1] > 0 ? query[0] / bias[1] : 0, "d_ff": width,
        ]
        for (key, number) in numbers { members[key] = .integer(number) }
    }

    private mutating func nameFamily(_ census: TensorCensus) {
        let isSparse = census.experts > 0
        let biased = census.encoder.biasedBlocks.union(census.decoder.biasedBlocks)
        let hasOwnBiases = !isSparse && biased.contains { $0 > 0 }
        let (type, name) =
            isSparse ? ("switch_transformers", "SwitchTransformers") : hasOwnBiases ? ("umt5", "UMT5") : ("t5", "T5")
        let isEncoder = census.decoder.layers == 0
        members["model_type"] = .string(type)
        members["architectures"] = .array([.string(name + (isEncoder ? "EncoderModel" : "ForConditionalGeneration"))])
        members["is_encoder_decoder"] = .bool(!isEncoder)
        members["tie_word_embeddings"] = .bool(!census.hasHead)
        if type == "t5" { members["scale_decoder_outputs"] = .bool(!census.hasHead) }
    }

    private mutating func addLayers(_ census: TensorCensus) {
        members["num_layers"] = .integer(max(census.encoder.layers, 1))
        members["num_decoder_layers"] = .integer(max(census.decoder.layers, 1))
        guard census.experts > 0 else { return }
        members["num_experts"] = .integer(census.experts)
        members["router_bias"] = .bool(census.hasRouterBias)
        for (side, stack) in [("encoder", census.encoder), ("decoder", census.decoder)] {
            members["num_sparse_\(side)_layers"] = .integer(stack.sparseBlocks.count)
            let steps = 0...max(stack.layers, 1)
            let step = steps.first { step in
                (0..<stack.layers).allSatisfy { block in
                    stack.sparseBlocks.contains(block) == (step > 0 && (block % step == 1 || step == 1))
                }
            }
            members["\(side)_sparse_step"] = .integer(step ?? 0)
        }
    }

    /// Gated models are mostly GELU's, in its tanh form; UL2's are SiLU's.
    private mutating func addFeedForward(_ census: TensorCensus) {
        let isGated = census.hasGatedFeedForward
        let names = ["MlpBlock.activations", "DenseReluDense.activation", "MoE1D.activation"]
        var name = isGated ? "gelu" : "relu"
        if case .string(let given) = assumed.members["dense_act_fn"] {
            name = given
            assumptions.append("the activation is \(given), by --assume")
        } else if let (key, text) = setting(names),
            let word = GinFile.words(text).first(where: { $0 != "linear" })
        {
            name = word == "swish" ? "silu" : word
            assumptions.append("the activation is \(name), by \(key) in \(settings?.path ?? "")")
        } else {
            assumptions.append(
                "the activation is \(name), as in most \(isGated ? "gated" : "plain") models of the family"
            )
        }
        // Flax and Mesh TensorFlow mean the tanh form by 'gelu', as transformers does by 'gated-gelu'.
        let exact = name == "gelu" ? "gelu_new" : name
        members["feed_forward_proj"] = .string(isGated ? "gated-" + name : exact)
        members["dense_act_fn"] = .string(exact)
        members["is_gated_act"] = .bool(isGated)
    }
}

extension JSONValue {
    /// Numbers and words as a sentence shows them.
    fileprivate var text: String {
        if case .string(let text) = self { text } else { summary }
    }
}
