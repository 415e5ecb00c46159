/// One safetensors file, mapped and checked.
package struct SafetensorsFile: WeightFile {
    package let header: SafetensorsHeader
    private let mapped: MappedFile

    /// Maps the file and checks its header.
    package init(path: String) throws(CheckpointError) {
        mapped = try MappedFile(path: path)
        header = try SafetensorsHeader(mapped)
    }

    /// Tensors, and the aliases that converters leave in the metadata for tensors that shared memory.
    package var names: Set<String> {
        Set(header.entries.keys).union(header.metadata.filter { header.entries[$0.value] != nil }.keys)
    }

    package var storedNames: Set<String> { Set(header.entries.keys) }

    /// The name under which the tensor `name` is stored, nil when there is none.
    package func storedName(_ name: String) -> String? {
        if header.entries[name] != nil { return name }
        return header.metadata[name].flatMap { header.entries[$0] == nil ? nil : $0 }
    }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard let stored = storedName(name), let entry = header.entries[stored] else {
            throw .missingTensor(name: name)
        }
        guard let elementType = entry.type.elementType else {
            throw .unsupportedType(name: name, file: mapped.path, type: entry.type.rawValue)
        }
        return StoredTensor(
            name: name,
            file: mapped.path,
            bytes: ByteSource(mapped).slice(entry.bytes),
            elementType: elementType,
            shape: entry.shape
        )
    }
}
