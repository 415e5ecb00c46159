/// A layer of a stack, and the names its parameters have in the Hugging Face layout.
struct OriginalLayer: Hashable, Sendable {
    /// `encoder` or `decoder`.
    let side: String
    let number: Int

    private func sublayer(_ index: Int) -> String { "\(side).block.\(number).layer.\(index)" }

    private var feedForward: Int { side == "encoder" ? 1 : 2 }

    /// The norm before a sublayer.
    func norm(of sublayer: Sublayer) -> OriginalName {
        OriginalName(name: self.sublayer(index(sublayer)) + ".layer_norm", layout: .vector)
    }

    enum Sublayer: Sendable {
        case selfAttention
        case crossAttention
        case feedForward
    }

    private func index(_ sublayer: Sublayer) -> Int {
        switch sublayer {
        case .selfAttention: 0
        case .crossAttention: 1
        case .feedForward: feedForward
        }
    }

    /// - Parameter projection: `q`, `k`, `v` or `o`.
    func attention(_ sublayer: Sublayer, _ projection: String) -> OriginalName {
        let module = sublayer == .crossAttention ? "EncDecAttention" : "SelfAttention"
        let name = "\(self.sublayer(index(sublayer))).\(module).\(projection)"
        return OriginalName(name: name, layout: projection == "o" ? .fromHeads : .heads)
    }

    var positionBias: OriginalName {
        OriginalName(name: sublayer(0) + ".SelfAttention.relative_attention_bias", layout: .kernel)
    }

    /// - Parameters:
    ///   - matrix: `wi`, `wi_0`, `wi_1` or `wo`.
    ///   - module: `mlp`, or `DenseReluDense` in models without experts.
    func dense(_ matrix: String, in module: String) -> OriginalName {
        OriginalName(name: "\(sublayer(feedForward)).\(module).\(matrix)", layout: .kernel)
    }

    var router: OriginalName { OriginalName(name: sublayer(feedForward) + ".mlp.router.classifier", layout: .kernel) }

    func expert(_ matrix: String) -> OriginalName {
        OriginalName(name: "\(sublayer(feedForward)).mlp.experts.expert_{e}.\(matrix)", layout: .experts)
    }

    /// Whether `name` is one of the matrices of a feed-forward.
    static func isFeedForwardMatrix(_ name: String) -> Bool { ["wi", "wi_0", "wi_1", "wo"].contains(name) }
}
