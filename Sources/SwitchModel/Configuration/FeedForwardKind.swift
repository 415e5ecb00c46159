package import Tensors

/// What lies between the two products of a feed-forward layer or an expert.
package struct FeedForwardKind: Equatable, Sendable {
    package var activation = Activation.relu
    /// The activation of one product scales another (Shazeer, 2020): `wi_0` and `wi_1` in place of `wi`.
    package var isGated = false

    package init() {}

    package init(activation: Activation, isGated: Bool) {
        self.activation = activation
        self.isGated = isGated
    }

    /// Products of the input for each one of the activated.
    package var innerFactor: Int { isGated ? 2 : 1 }

    /// The tensors of the first product.
    package var innerNames: [String] { isGated ? ["wi_0", "wi_1"] : ["wi"] }

    /// Reads a name as `dense_act_fn` or `feed_forward_proj` give it, such as `relu` or `gated-gelu`.
    ///
    /// T5 has always meant the tanh form by `gated-gelu`.
    package init?(named name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        isGated = parts.count == 2 && parts[0] == "gated"
        guard parts.count == 1 || isGated, let activation = Self.activations[String(parts[parts.count - 1])] else {
            return nil
        }
        self.activation = name == "gated-gelu" ? .geluTanh : activation
    }

    /// As transformers names them.
    package static let activations: [String: Activation] = [
        "relu": .relu, "gelu": .gelu, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "gelu_fast": .geluTanh,
        "silu": .silu, "swish": .silu,
    ]
}
