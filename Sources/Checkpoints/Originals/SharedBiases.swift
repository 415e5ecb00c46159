/// Position biases that every layer has a table of, though all are the same.
enum SharedBiases {
    private static let suffix = ".layer.0.SelfAttention.relative_attention_bias.weight"

    /// Leaves the first layer's table alone where those of all layers of each side are equal: a model that shares one.
    ///
    /// Where they differ, each layer has its own, as in umT5, and all stay.
    static func merged(_ tensors: [String: ArrayTensor]) -> [String: ArrayTensor] {
        let cache = ChunkCache()
        var others: [String] = []
        for side in ["encoder", "decoder"] {
            let names = tensors.keys.filter { $0.hasPrefix(side + ".block.") && $0.hasSuffix(suffix) }
            let first = "\(side).block.0\(suffix)"
            guard names.count > 1, let table = tensors[first]?.tensor(named: first, cache) else { continue }
            let expected = table.floats().map(\.bitPattern)
            for name in names where name != first {
                guard let other = tensors[name]?.tensor(named: name, cache), other.elementCount == table.elementCount,
                    other.floats().map(\.bitPattern) == expected, other.problem == nil
                else { return tensors }
                others.append(name)
            }
        }
        return tensors.filter { !others.contains($0.key) }
    }
}
