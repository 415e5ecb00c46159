/// One PyTorch weight file, mapped and checked; its pickle is read, never run.
package struct TorchFile: WeightFile {
    package let names: Set<String>
    package let storedNames: Set<String>
    private let file: String
    private let tensors: [String: TorchTensor]
    /// Tensors that are the same elements under several names, by each name but the first.
    private let firstNames: [String: String]
    private let storages: any TorchStorages

    /// Maps the file, and reads all of it but the tensors' elements.
    package init(path: String) throws(CheckpointError) {
        try self.init(ByteSource(try MappedFile(path: path)), file: path)
    }

    /// - Parameter file: the name of the file, for error messages.
    package init(_ source: ByteSource, file: String) throws(CheckpointError) {
        self.file = file
        let pickle: Pickle
        if source.number(at: 0, as: UInt32.self) == 0x0403_4B50 {
            let archive = try TorchArchive(source, file: file)
            (pickle, storages) = (archive.pickle, archive)
        } else {
            let legacy = try LegacyTorchFile(source, file: file)
            (pickle, storages) = (legacy.pickle, legacy)
        }
        tensors = try Self.tensors(of: pickle, file: file)
        names = Set(tensors.keys)
        var first: [TorchTensor: String] = [:]
        var firstNames: [String: String] = [:]
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            if let same = first[tensor] { firstNames[name] = same } else { first[tensor] = name }
        }
        self.firstNames = firstNames
        storedNames = Set(first.values)
    }

    package func storedName(_ name: String) -> String? {
        firstNames[name] ?? (names.contains(name) ? name : nil)
    }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard let tensor = tensors[name] else { throw .missingTensor(name: name) }
        guard let elementType = tensor.type.elementType else {
            throw .unsupportedType(name: name, file: file, type: tensor.type.rawValue)
        }
        return StoredTensor(
            name: name,
            file: file,
            bytes: try storages.bytes(of: tensor.storage).slice(tensor.bytes),
            elementType: elementType,
            shape: tensor.shape,
            strides: tensor.strides
        )
    }

    private static func tensors(of pickle: Pickle, file: String) throws(CheckpointError) -> [String: TorchTensor] {
        let described: [String: UInt32]
        do { described = try StateDictionary(pickle).tensors } catch {
            throw .malformedPickle(file: file, problem: error)
        }
        var tensors: [String: TorchTensor] = [:]
        for (name, index) in described.sorted(by: { $0.key < $1.key }) {
            do { tensors[name] = try TorchTensor(pickle.tensors[Int(index)], in: pickle) } catch {
                throw .malformedEntry(file: file, tensor: name, problem: error)
            }
        }
        return tensors
    }
}
