/// A position in the checkpoint's dotted name tree, such as `encoder.block.1.layer`.
///
/// A layer is handed the scope of its own weights, so it never spells out where it lives.
package struct WeightScope: Sendable {
    private let source: any WeightSource
    private let names: Set<String>
    private let path: String

    /// The top of the tree, where names are what the checkpoint calls its tensors.
    package init(root source: any WeightSource) {
        self.init(source: source, names: source.names, path: "")
    }

    private init(source: any WeightSource, names: Set<String>, path: String) {
        self.source = source
        self.names = names
        self.path = path
    }

    /// The scope one name below, whether or not there is a tensor in it.
    package subscript(component: String) -> WeightScope {
        WeightScope(source: source, names: names, path: path + component + ".")
    }

    /// The scope of one of several blocks or layers, which checkpoints number from 0.
    package subscript(index: Int) -> WeightScope { self["\(index)"] }

    /// Whether there is a tensor `name` below this scope.
    package func contains(_ name: String) -> Bool { names.contains(path + name) }

    /// The full dotted name of `name` below this scope.
    package func fullName(_ name: String) -> String { path + name }

    /// The first of `candidates` that is a tensor below this scope.
    package func firstPresent(_ candidates: [String]) -> String? { candidates.first(where: contains) }

    /// Returns the tensor `name` below this scope.
    ///
    /// - Throws: `CheckpointError.missingTensor`, `.shapeMismatch` or `.unsupportedType`, with the full dotted name.
    package func tensor(_ name: String, _ shape: [Int]) throws(CheckpointError) -> StoredTensor {
        let tensor = try source.tensor(named: path + name)
        guard tensor.shape == shape else {
            throw .shapeMismatch(name: path + name, file: tensor.file, expected: shape, found: tensor.shape)
        }
        return tensor
    }
}
