/// What Flaxformer's parameters are in the Hugging Face layout.
///
/// `encoder/layers_3/mlp/wi/kernel` is a parameter of one layer; `encoder/encoder/subblock_1/mlp/wi/kernel` has those of
/// every second one, the layers along dimension 1 (`scan_layers`).
struct FlaxNames {
    private let arrays: [String: ChunkedArray]
    private let file: String
    /// What holds a dense feed-forward: models without experts are T5, and call it otherwise.
    private let denseModule: String
    /// Layers that one step of a scan has, by side.
    private let scannedLayers: [String: Int]

    /// - Parameters:
    ///   - arrays: by their names, with `/` between the parts.
    ///   - file: the index, for error messages.
    init(_ arrays: [String: ChunkedArray], file: String) {
        (self.arrays, self.file) = (arrays, file)
        let paths = arrays.keys.map { $0.split(separator: "/") }
        denseModule = paths.contains { $0.contains("router") || $0.contains("expert") } ? "mlp" : "DenseReluDense"
        var layers: [String: Int] = [:]
        for path in paths where path.count > 2 && path[0] == path[1] {
            let side = String(path[0])
            layers[side] = max(layers[side] ?? 1, (Self.number(path[2], after: "subblock_") ?? 0) + 1)
        }
        scannedLayers = layers
    }

    /// Every tensor, by its name in the Hugging Face layout.
    ///
    /// - Throws: `.unknownParameter` for a parameter without a place there, and where two have the same.
    func tensors() throws(CheckpointError) -> [String: ArrayTensor] {
        var tensors: [String: ArrayTensor] = [:]
        for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
            for (key, tensor) in try self.tensors(of: name, array) {
                guard tensors.updateValue(tensor, forKey: key) == nil else {
                    throw .unknownParameter(name: name, file: file, reason: "is a second one for \(quoted(key))")
                }
            }
        }
        return tensors
    }

    private func tensors(
        of name: String,
        _ array: ChunkedArray
    ) throws(CheckpointError) -> [String: ArrayTensor] {
        let path = name.split(separator: "/")
        if let known = Self.outside[name] { return try known.tensors(in: array, of: name) }
        guard path.count > 2, path[0] == "encoder" || path[0] == "decoder" else { throw unknown(name, path) }
        let side = String(path[0])
        if path[1] == path[0] { return try scanned(side, path, of: name, array) }
        guard let layer = Self.number(path[1], after: "layers_"),
            let known = self.name(of: path.dropFirst(2), in: OriginalLayer(side: side, number: layer))
        else { throw unknown(name, path) }
        return try known.tensors(in: array, of: name)
    }

    /// What lies in an array of all layers, or of every one of a block of them.
    private func scanned(
        _ side: String,
        _ path: [Substring],
        of name: String,
        _ array: ChunkedArray
    ) throws(CheckpointError) -> [String: ArrayTensor] {
        let block = Self.number(path[2], after: "subblock_")
        let rest = path.dropFirst(block == nil ? 2 : 3)
        guard array.shape.sizes.count > 1 else { throw unknown(name, path) }
        let count = array.shape.sizes[1]
        guard count <= Self.mostLayers else { throw unknown(name, path) }
        var tensors: [String: ArrayTensor] = [:]
        for step in 0..<count {
            let number = step * (scannedLayers[side] ?? 1) + (block ?? 0)
            guard let known = self.name(of: rest, in: OriginalLayer(side: side, number: number)) else {
                throw unknown(name, path)
            }
            tensors.merge(try known.tensors(in: array, of: name, layer: (1, step))) { $1 }
            guard tensors.count <= Self.mostTensors else { throw unknown(name, path) }
        }
        return tensors
    }

    /// Parameters of no layer.
    private static let outside: [String: OriginalName] = [
        "token_embedder/embedding": OriginalName(name: "shared", layout: .embedding),
        "decoder/logits_dense/kernel": OriginalName(name: "lm_head", layout: .kernel),
        "encoder/encoder_norm/scale": OriginalName(name: "encoder.final_layer_norm", layout: .vector),
        "decoder/decoder_norm/scale": OriginalName(name: "decoder.final_layer_norm", layout: .vector),
        "encoder/relpos_bias/rel_embedding": OriginalLayer(side: "encoder", number: 0).positionBias,
        "decoder/relpos_bias/rel_embedding": OriginalLayer(side: "decoder", number: 0).positionBias,
    ]

    private func name(of path: ArraySlice<Substring>, in layer: OriginalLayer) -> OriginalName? {
        let parts = path.map(String.init)
        switch (parts.first, parts.last, parts.count) {
        case ("relpos_bias", "rel_embedding", 2): return layer.positionBias
        case (let norm?, "scale", 2): return Self.norms[norm].map(layer.norm(of:))
        case (let module?, "kernel", 3):
            if let attention = Self.attentions[module] {
                return Self.projections[parts[1]].map { layer.attention(attention, $0) }
            }
            guard module == "mlp", OriginalLayer.isFeedForwardMatrix(parts[1]) else { return nil }
            return layer.dense(parts[1], in: denseModule)
        case ("mlp", "kernel", 4) where parts[1] == "expert" && OriginalLayer.isFeedForwardMatrix(parts[2]):
            return layer.expert(parts[2])
        case ("mlp", "kernel", 5) where parts[1...3] == ["router", "router_weights", "w"]: return layer.router
        default: return nil
        }
    }

    private static let norms: [String: OriginalLayer.Sublayer] = [
        "pre_attention_layer_norm": .selfAttention, "pre_self_attention_layer_norm": .selfAttention,
        "pre_cross_attention_layer_norm": .crossAttention, "pre_mlp_layer_norm": .feedForward,
    ]
    private static let attentions: [String: OriginalLayer.Sublayer] = [
        "attention": .selfAttention, "self_attention": .selfAttention, "encoder_decoder_attention": .crossAttention,
    ]
    private static let projections = ["query": "q", "key": "k", "value": "v", "out": "o"]
    private static let mostLayers = 1 << 12
    /// In one array.
    private static let mostTensors = 1 << 18

    private static func number(_ part: Substring, after prefix: String) -> Int? {
        guard part.hasPrefix(prefix), let number = Int(part.dropFirst(prefix.count)), (0..<mostLayers).contains(number)
        else { return nil }
        return number
    }

    /// Says what a parameter is that is known to be of another model.
    private func unknown(_ name: String, _ path: [Substring]) -> CheckpointError {
        let parts = Set(path.map(String.init))
        let reason: String
        if parts.contains("extra_mlp") || parts.contains("pre_extra_mlp_layer_norm") {
            reason = "is ST-MoE's feed-forward beside the experts, which Switch Transformers have not"
        } else if parts.contains("wi_fused") {
            reason = "is two matrices in one (Flaxformer's fuse_kernels): save the model with them apart"
        } else if name.hasSuffix("token_embedder/embedding") {
            reason = "is an embedding of one side alone, which no released model has"
        } else if path.last == "bias" {
            reason = "is a bias; the linear layers of this family have none"
        } else if name.contains("global") || name.contains("side_relpos") {
            reason = "is of LongT5's attention, which is not computed here"
        } else {
            reason = "has no place in a T5 or Switch Transformer"
        }
        return .unknownParameter(name: name, file: file, reason: reason)
    }
}
