/// A chunk's bytes: exactly those of a whole one, also at the edge of its array.
enum Chunk: Sendable {
    /// Where they lie in a file.
    case mapped(ByteSource)
    case unpacked(ByteSource)
    /// There is none: all its elements are this number.
    case filled(Float)
}

/// Where the chunks of an array are.
protocol ChunkStore: Sendable {
    /// Reads a chunk.
    ///
    /// - Parameter index: of the chunk along each dimension, within the grid.
    func chunk(_ index: [Int], of array: ChunkedArray) throws(CheckpointError) -> Chunk

    /// Whether a chunk has to be unpacked or put together.
    var isPacked: Bool { get }

    /// The first index runs fastest within a chunk.
    var isColumnMajor: Bool { get }
}

extension ChunkStore {
    var isColumnMajor: Bool { false }
}

/// An array cut into equal chunks, none of which is read before it is asked for.
final class ChunkedArray: Sendable {
    /// Its directory or its file, for error messages.
    let path: String
    let shape: ArrayShape
    private let store: any ChunkStore

    init(path: String, shape: ArrayShape, store: any ChunkStore) {
        (self.path, self.shape, self.store) = (path, shape, store)
    }

    /// Elements of a chunk to go on for one step along each dimension.
    var strides: [Int] { shape.strides(isColumnMajor: store.isColumnMajor) }

    var isPacked: Bool { store.isPacked }

    /// Reads a chunk.
    func chunk(_ index: [Int]) throws(CheckpointError) -> Chunk { try store.chunk(index, of: self) }
}

/// An array that is one chunk, in pieces that follow each other in a file.
struct InlineArray: ChunkStore {
    let pieces: [ByteSource]

    var isPacked: Bool { pieces.count != 1 }

    func chunk(_ index: [Int], of array: ChunkedArray) throws(CheckpointError) -> Chunk {
        if pieces.count == 1 { return .mapped(pieces[0]) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(array.shape.chunkBytes)
        for piece in pieces { bytes += piece.bytes(in: 0..<piece.count) }
        return .unpacked(ByteSource(bytes))
    }
}
