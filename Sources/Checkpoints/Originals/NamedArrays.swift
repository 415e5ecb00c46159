/// Tensors in arrays of another layout, by the names they have in Hugging Face's.
struct NamedArrays: WeightFile {
    private let tensors: [String: ArrayTensor]
    private let cache = ChunkCache()

    init(_ tensors: [String: ArrayTensor]) { self.tensors = tensors }

    var names: Set<String> { Set(tensors.keys) }

    var storedNames: Set<String> { names }

    func storedName(_ name: String) -> String? { tensors[name] == nil ? nil : name }

    func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard let tensor = tensors[name] else { throw .missingTensor(name: name) }
        return tensor.tensor(named: name, cache)
    }

    var shapes: [String: [Int]] { tensors.mapValues { $0.view.shape(in: $0.array.shape.sizes) } }

    /// Whether reading one expert unpacks others, too.
    var expertsShareChunks: Bool { tensors.contains { $0.key.contains(".experts.") && $0.value.unpacksOthers } }
}
