package import Checkpoints

/// Weights held in a dictionary, for building a small model in a test.
package struct InMemoryWeights: WeightSource {
    package var tensors: [String: StoredTensor] = [:]

    package init() {}

    /// Adds or replaces one tensor.
    ///
    /// - Precondition: `elements` fill `shape`.
    package mutating func set(_ name: String, _ shape: [Int], _ elements: [Float]) {
        tensors[name] = StoredTensor(name: name, shape: shape, elements: elements)
    }

    package var names: Set<String> { Set(tensors.keys) }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard let tensor = tensors[name] else { throw .missingTensor(name: name) }
        return tensor
    }
}
