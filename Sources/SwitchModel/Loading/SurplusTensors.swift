package import Checkpoints

/// What a checkpoint holds beyond the tensors that its configuration calls for.
package struct SurplusTensors {
    /// Names that no Switch Transformer has; they change nothing.
    package let strangers: [String]

    /// - Parameters:
    ///   - unused: names of the tensors nobody read while the model was built, in order.
    ///   - architecture: of the model; what belongs to a decoder beside an encoder alone is left where it is.
    /// - Throws: `.notCalledFor` when a block has more than the configuration says, for then one of the two is wrong.
    package init(
        _ unused: [String],
        in architecture: SwitchConfiguration.Architecture = .encoderDecoder
    ) throws(CheckpointError) {
        let surplus = unused.filter {
            !Self.redundant.contains($0) && (architecture.hasDecoder || !$0.hasPrefix("decoder."))
        }
        let contradicting = surplus.filter { $0.hasPrefix("encoder.block.") || $0.hasPrefix("decoder.block.") }
        if let name = contradicting.first {
            throw .notCalledFor(name: name, others: contradicting.count - 1)
        }
        strangers = surplus
    }

    /// Other names of the embeddings, and a bias that early T5 checkpoints carry and no code ever read.
    private static let redundant: Set = [
        "shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight",
        "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight",
    ]
}
