/// What Mesh TensorFlow's variables are in the Hugging Face layout.
///
/// A block is a cycle of several layers, and its parts are numbered on: `encoder/block_000/layer_002/SelfAttention/q` is of
/// layer 1 where a block has two. So layers are counted by their self-attentions.
struct MeshNames {
    private let bundle: TensorBundle
    private let file: String
    private let settings: GinFile?
    private let variables: [(name: String, path: [Substring])]
    /// By side, block and part: which layer it is in, and as what.
    private var sublayers: [Place: (layer: Int, kind: OriginalLayer.Sublayer)] = [:]
    private let denseModule: String

    private struct Place: Hashable, Comparable {
        let side: String
        let block: Int
        let part: Int

        static func < (a: Place, b: Place) -> Bool { (a.side, a.block, a.part) < (b.side, b.block, b.part) }
    }

    private static let optimizerSuffixes = ["_slot_v", "_slot_vr", "_slot_vc", "_slot_m"]

    /// - Parameter settings: of the gin file beside the bundle.
    init(_ bundle: TensorBundle, settings: GinFile?) {
        (self.bundle, self.settings, file) = (bundle, settings, bundle.prefix + ".index")
        let names = bundle.entries.keys.filter { name in
            name != "global_step" && !Self.optimizerSuffixes.contains(where: name.hasSuffix)
        }
        variables = names.sorted().map { ($0, $0.split(separator: "/")) }
        denseModule = variables.contains { $0.path.contains("MoE1D") } ? "mlp" : "DenseReluDense"
        number()
    }

    private mutating func number() {
        var kinds: [Place: OriginalLayer.Sublayer] = [:]
        for variable in variables {
            guard let (place, rest) = Self.place(variable.path), let kind = Self.kinds[rest.first ?? ""] else {
                continue
            }
            kinds[place] = kind
        }
        var (side, layer) = ("", -1)
        for (place, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            if place.side != side { (side, layer) = (place.side, -1) }
            if kind == .selfAttention { layer += 1 }
            sublayers[place] = (layer, kind)
        }
    }

    private static let kinds: [Substring: OriginalLayer.Sublayer] = [
        "SelfAttention": .selfAttention, "EncDecAttention": .crossAttention, "DenseReluDense": .feedForward,
        "MoE1D": .feedForward,
    ]

    /// Where a variable of a layer is, and its name in there.
    private static func place(_ path: [Substring]) -> (Place, ArraySlice<Substring>)? {
        guard let side = path.first, side == "encoder" || side == "decoder" else { return nil }
        func number(_ index: Int, _ prefix: String) -> Int? {
            guard index < path.count, path[index].hasPrefix(prefix) else { return nil }
            return Int(path[index].dropFirst(prefix.count))
        }
        if let block = number(1, "block_"), let part = number(2, "layer_") {
            return (Place(side: String(side), block: block, part: part), path.dropFirst(3))
        }
        return number(1, "layer_").map { (Place(side: String(side), block: 0, part: $0), path.dropFirst(2)) }
    }

    /// Every tensor, by its name in the Hugging Face layout.
    ///
    /// - Throws: `.unknownParameter` for a variable without a place there, and where two have the same.
    func tensors() throws(CheckpointError) -> [String: ArrayTensor] {
        if variables.contains(where: {
            $0.name.hasSuffix(".ATTRIBUTES/VARIABLE_VALUE") || $0.name.hasPrefix("_CHECKPOINTABLE")
        }) {
            throw .foreign(path: file, .kerasObjects)
        }
        if settings?.value("scale_variable_like_classifier_weights")?.text == "True" {
            let reason =
                "is stored divided by the root of its width (scale_variable_like_classifier_weights), which is not read"
            throw .unknownParameter(name: "shared/embedding", file: file, reason: reason)
        }
        var tensors: [String: ArrayTensor] = [:]
        for (name, path) in variables {
            guard let entry = bundle.entries[name] else { continue }
            guard let known = self.name(of: name, path) else {
                throw .unknownParameter(name: name, file: file, reason: "has no place in a T5 or Switch Transformer")
            }
            let array = try BundleVariable.array(name, entry, in: bundle)
            for (key, tensor) in try known.tensors(in: array, of: name) {
                guard tensors.updateValue(tensor, forKey: key) == nil else {
                    throw .unknownParameter(name: name, file: file, reason: "is a second one for \(quoted(key))")
                }
            }
        }
        return tensors
    }

    private func name(of variable: String, _ path: [Substring]) -> OriginalName? {
        switch variable {
        case "shared/embedding": return OriginalName(name: "shared", layout: .embedding)
        case "decoder/logits/kernel": return OriginalName(name: "lm_head", layout: .kernel)
        default: break
        }
        if path.count == 3, path[0] == "encoder" || path[0] == "decoder", path[2] == "scale",
            path[1] == "final_layer_norm" || path[1] == "rms_norm"
        {
            return OriginalName(name: "\(path[0]).final_layer_norm", layout: .vector)
        }
        guard let (place, rest) = Self.place(path), let (number, kind) = sublayers[place], number >= 0 else {
            return nil
        }
        return name(rest.map(String.init), in: OriginalLayer(side: place.side, number: number), kind: kind)
    }

    private func name(
        _ parts: [String],
        in layer: OriginalLayer,
        kind: OriginalLayer.Sublayer
    ) -> OriginalName? {
        switch (parts.first, parts.last, parts.count) {
        case ("layer_norm", "scale", 2), ("rms_norm", "scale", 2): return layer.norm(of: kind)
        case ("SelfAttention", "relative_attention_bias", 2): return layer.positionBias
        case ("SelfAttention", let name?, 2) where ["q", "k", "v", "o"].contains(name):
            return layer.attention(.selfAttention, name)
        case ("EncDecAttention", let name?, 2) where ["q", "k", "v", "o"].contains(name):
            return layer.attention(.crossAttention, name)
        case ("DenseReluDense", "kernel", 3) where OriginalLayer.isFeedForwardMatrix(parts[1]):
            return layer.dense(parts[1], in: denseModule)
        case ("MoE1D", "kernel", 3) where parts[1].hasSuffix("_gating"): return layer.router
        case ("MoE1D", "kernel", 3) where OriginalLayer.isFeedForwardMatrix(parts[1]): return layer.expert(parts[1])
        default: return nil
        }
    }
}
