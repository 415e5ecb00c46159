/// What the names of a checkpoint's tensors say about the model, whatever its configuration says.
package struct TensorCensus: Equatable, Sendable {
    /// What one stack holds.
    package struct Stack: Equatable, Sendable {
        /// Blocks 0 up to this.
        package var layers = 0
        /// Indices of blocks with a router or with experts.
        package var sparseBlocks: Set<Int> = []
        /// Indices of blocks with a table of position biases.
        package var biasedBlocks: Set<Int> = []
    }

    package var encoder = Stack()
    package var decoder = Stack()
    /// Experts of the sparse block that has most; 0 without one.
    package var experts = 0
    package var hasGatedFeedForward = false
    package var hasPlainFeedForward = false
    package var hasRouterBias = false
    /// There is an `lm_head`, which may be the embedding's matrix under a name of its own.
    package var hasHead = false
    /// There is a `decoder.lm_head`, which is never the embedding's.
    package var hasDecoderHead = false

    /// Counts what names tell, of packed tensors too; names that are of no block and no head are passed by.
    ///
    /// They come from outside: indices of blocks past 4095 and of experts past 2²⁰ are not believed.
    package init(_ names: Set<String>) {
        for name in names { count(name.split { $0 == "." || $0 == "+" }) }
        hasHead = names.contains("lm_head.weight") || names.contains("lm_head.packed")
        hasDecoderHead = names.contains("decoder.lm_head.weight") || names.contains("decoder.lm_head.packed")
    }

    /// `encoder.block.3.layer.1.mlp.experts.expert_5.wi.weight` and the like.
    private mutating func count(_ parts: [Substring]) {
        guard parts.count > 5, parts[1] == "block", let block = Int(parts[2]), block >= 0, block < Self.mostBlocks
        else {
            return
        }
        switch parts[0] {
        case "encoder": Self.count(block, parts, in: &encoder)
        case "decoder": Self.count(block, parts, in: &decoder)
        default: return
        }
        if parts.contains("wi") { hasPlainFeedForward = true }
        if parts.contains("wi_0") { hasGatedFeedForward = true }
        if parts.contains("router"), parts[parts.count - 1] == "bias" { hasRouterBias = true }
        if let expert = parts.first(where: { $0.hasPrefix("expert_") }).flatMap({ Int($0.dropFirst(7)) }) {
            experts = max(experts, min(expert, Self.mostExperts) + 1)
        }
    }

    private static func count(_ block: Int, _ parts: [Substring], in stack: inout Stack) {
        stack.layers = max(stack.layers, block + 1)
        if parts.contains("relative_attention_bias"), parts.contains("SelfAttention") {
            stack.biasedBlocks.insert(block)
        }
        if parts.contains("experts") || parts.contains("router") { stack.sparseBlocks.insert(block) }
    }

    private static let mostBlocks = 1 << 12
    private static let mostExperts = 1 << 20
}
