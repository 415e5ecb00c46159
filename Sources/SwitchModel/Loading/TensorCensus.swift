/// What the names of a checkpoint's tensors say about the model, whatever its configuration says.
package struct TensorCensus: Equatable, Sendable {
    /// What one stack holds.
    package struct Stack: Equatable, Sendable {
        /// Blocks 0 up to this.
        package var layers = 0
        package var sparseBlocks: Set<Int> = []
    }

    package var encoder = Stack()
    package var decoder = Stack()
    /// Experts of the sparse block that has most; 0 without one.
    package var experts = 0
    package var hasGatedFeedForward = false
    package var hasPlainFeedForward = false
    package var hasRouterBias = false
    /// Of the names `lm_head` and `decoder.lm_head`; the second is never the embedding's.
    package var hasHead = false
    package var hasDecoderHead = false

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
        if parts.contains("experts") || parts.contains("router") { stack.sparseBlocks.insert(block) }
    }

    private static let mostBlocks = 1 << 12
    private static let mostExperts = 1 << 20
}
