/// What one request's first slot attended to of its prompt, token by token, in one decoder block.
///
/// Used by the thread that owns the model.
package final class CrossAttentionLog {
    /// The decoder block it is of.
    let block: Int
    /// By position of the token that was read; those that were taken are empty.
    private var weights: [[Float]] = []

    init(block: Int) { self.block = block }

    func append(_ row: [Float]) { weights.append(row) }

    /// The weights over the prompt's tokens, mean over heads, `[prompt]`; nothing for a position that was not read yet or was
    /// taken before.
    package func take(_ position: Int) -> [Float] {
        guard weights.indices.contains(position) else { return [] }
        defer { weights[position] = [] }
        return weights[position]
    }
}
