/// The parameters of a T5X checkpoint.
enum T5XCheckpoint {
    /// - Parameter directory: the one with the index.
    static func open(_ directory: String) throws(CheckpointError) -> NamedArrays {
        let path = directory + "/" + T5XDirectory.indexName
        let index = try T5XIndex(ByteSource(try MappedFile(path: path)), file: path)
        var arrays: [String: ChunkedArray] = [:]
        for (name, leaf) in index.leaves {
            switch leaf {
            case .stored(let stored): arrays[name] = try ZarrDirectory.open(directory + "/" + stored)
            case .inline(let shape, let pieces):
                arrays[name] = ChunkedArray(path: "\(path): \(name)", shape: shape, store: InlineArray(pieces: pieces))
            }
        }
        return NamedArrays(SharedBiases.merged(try FlaxNames(arrays, file: path).tensors()))
    }
}
