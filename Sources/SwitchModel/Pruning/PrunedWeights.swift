package import Checkpoints

/// A checkpoint's tensors without the experts that are left out: those that stay are numbered anew, and routers know no others.
package struct PrunedWeights: WeightSource {
    private let source: any WeightSource
    /// By the new name of an expert's tensor.
    private let experts: [String: String]
    /// Rows that stay, by the name of a router's tensor.
    private let routers: [String: [Int]]
    package let names: Set<String>

    /// - Parameter source: of the whole model, not packed.
    package init(_ source: any WeightSource, _ pruning: ExpertPruning) {
        self.source = source
        var (experts, routers): ([String: String], [String: [Int]]) = ([:], [:])
        var names = source.names
        for layer in pruning.layers {
            let start = "\(layer.stack.rawValue).block.\(layer.block).layer."
            for name in source.names where name.hasPrefix(start) {
                let parts = name.dropFirst(start.count).split(separator: ".", omittingEmptySubsequences: false)
                if name.contains(".mlp.router.classifier.") { routers[name] = layer.kept }
                guard parts.count > 4, parts[1] == "mlp", parts[2] == "experts", parts[3].hasPrefix("expert_"),
                    let old = Int(parts[3].dropFirst(7))
                else { continue }
                names.remove(name)
                guard let new = layer.kept.firstIndex(of: old) else { continue }
                let rest = parts.dropFirst(4).joined(separator: ".")
                experts["\(start)\(parts[0]).mlp.experts.expert_\(new).\(rest)"] = name
            }
        }
        (self.experts, self.routers, self.names) = (experts, routers, names.union(experts.keys))
    }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard names.contains(name) else { throw .missingTensor(name: name) }
        let tensor = try source.tensor(named: experts[name] ?? name)
        guard let rows = routers[name] else { return tensor }
        guard let last = rows.last, last < tensor.rows else {
            throw .shapeMismatch(name: name, file: tensor.file, expected: [(rows.last ?? 0) + 1], found: tensor.shape)
        }
        let (elements, width) = (tensor.floats(), tensor.rowWidth)
        return StoredTensor(
            name: name,
            shape: [rows.count] + tensor.shape.dropFirst(),
            elements: rows.flatMap { elements[$0 * width..<($0 + 1) * width] }
        )
    }
}
