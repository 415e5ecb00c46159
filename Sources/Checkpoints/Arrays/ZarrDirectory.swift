/// The chunks of a zarr array, each a file that is named for its place: never listed, so a million of them cost nothing.
struct ZarrDirectory: ChunkStore {
    private let metadata: ZarrMetadata

    /// The array in a directory.
    ///
    /// - Throws: `.malformedArray` for a `.zarray` that is missing, contradicts itself or says what is not read.
    static func open(_ path: String) throws(CheckpointError) -> ChunkedArray {
        let file = path + "/" + ZarrMetadata.fileName
        let bytes = try BoundedFile.read(file, limit: ArrayLimits.metadataBytes)
        do throws(ArrayProblem) {
            let metadata = try ZarrMetadata(bytes)
            return ChunkedArray(path: path, shape: metadata.shape, store: ZarrDirectory(metadata: metadata))
        } catch {
            throw .malformedArray(file: file, problem: error)
        }
    }

    var isPacked: Bool { metadata.compressor != .none }

    var isColumnMajor: Bool { metadata.isColumnMajor }

    func chunk(_ index: [Int], of array: ChunkedArray) throws(CheckpointError) -> Chunk {
        let name = metadata.name(ofChunk: index)
        guard let file = try MappedFile.ifPresent(path: array.path + "/" + name) else {
            guard let value = metadata.fillValue else {
                throw .malformedArray(file: array.path, problem: .missingChunk(name))
            }
            return .filled(value)
        }
        let expected = array.shape.chunkBytes
        guard isPacked else {
            guard file.count == expected else {
                let problem = ArrayProblem.wrongSize(chunk: name, found: file.count, expected: expected)
                throw .malformedArray(file: array.path, problem: problem)
            }
            return .mapped(ByteSource(file))
        }
        guard let bytes = ChunkDecoder.unpack(ByteSource(file), metadata.compressor, count: expected) else {
            throw .malformedArray(file: array.path, problem: .damagedChunk(name))
        }
        return .unpacked(ByteSource(bytes))
    }
}
