private import Foundation

/// A position in the checkpoint's dotted name tree, such as `encoder.block.1.layer`.
///
/// A layer is handed the scope of its own weights, so it never spells out where it lives.
package struct WeightScope: Sendable {
    private let source: any WeightSource
    private let names: Set<String>
    private let path: String

    package init(root source: any WeightSource) {
        self.init(source: source, names: source.names, path: "")
    }

    private init(source: any WeightSource, names: Set<String>, path: String) {
        self.source = source
        self.names = names
        self.path = path
    }

    package subscript(component: String) -> WeightScope {
        WeightScope(source: source, names: names, path: path + component + ".")
    }

    package subscript(index: Int) -> WeightScope { self["\(index)"] }

    /// Whether there is a tensor `name` below this scope.
    package func contains(_ name: String) -> Bool { names.contains(path + name) }

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

extension WeightScope {
    /// Whether two tensors `name.weight` below this scope hold the same numbers: one matrix under two names.
    package func areEqual(_ name: String, _ other: String) throws(CheckpointError) -> Bool {
        let first = try source.tensor(named: path + name + ".weight")
        let second = try source.tensor(named: path + other + ".weight")
        guard first.shape == second.shape, first.elementType == second.elementType else { return false }
        return first.withBytes { first in second.withBytes { Self.areEqual(first, $0) } }
    }

    private static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count, let a = a.baseAddress, let other = b.baseAddress else { return a.count == b.count }
        return memcmp(a, other, b.count) == 0
    }
}
