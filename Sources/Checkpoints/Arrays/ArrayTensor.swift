private import Dispatch
private import Synchronization

/// Makes tensors of views into arrays.
struct ArrayTensor {
    let array: ChunkedArray
    let view: ArrayView

    /// The tensor, whose chunks are read when its elements are.
    func tensor(named name: String, _ cache: ChunkCache) -> StoredTensor {
        let (array, view) = (array, view)
        return StoredTensor(
            name: name,
            file: array.path,
            elementType: array.shape.elementType,
            shape: view.shape(in: array.shape.sizes),
            parts: AssembledTensor { () throws(CheckpointError) in try Self.parts(of: array, view, cache) }
        )
    }

    /// Whether reading the tensor unpacks what is of others.
    var unpacksOthers: Bool { array.isPacked && view.sharesChunks(of: array.shape) }

    private static func parts(
        of array: ChunkedArray,
        _ view: ArrayView,
        _ cache: ChunkCache
    ) throws(CheckpointError) -> [TensorPart] {
        let chunks = view.chunks(of: array.shape)
        let isShared = array.isPacked && view.sharesChunks(of: array.shape)
        let results = Mutex([Result<[TensorPart], CheckpointError>?](repeating: nil, count: chunks.count))
        let read: @Sendable (Int) -> Void = { number in
            let result: Result<[TensorPart], CheckpointError>
            do throws(CheckpointError) {
                let index = chunks[number]
                let chunk = try isShared ? cache.chunk(index, of: array) : array.chunk(index)
                result = .success(Self.parts(of: array, view, index, chunk, isShared: isShared))
            } catch {
                result = .failure(error)
            }
            results.withLock { $0[number] = result }
        }
        if array.isPacked, chunks.count > 1 {
            DispatchQueue.concurrentPerform(iterations: chunks.count, execute: read)
        } else {
            for number in chunks.indices { read(number) }
        }
        var parts: [TensorPart] = []
        for result in results.withLock({ $0 }) { parts += try result?.get() ?? [] }
        return parts
    }

    private static func parts(
        of array: ChunkedArray,
        _ view: ArrayView,
        _ index: [Int],
        _ chunk: Chunk,
        isShared: Bool
    ) -> [TensorPart] {
        let type = array.shape.elementType
        switch chunk {
        case .filled(let value): return view.parts(of: index, in: array) { _ in .constant(value) }
        case .mapped(let bytes): return view.parts(of: index, in: array) { .stored(bytes, type, offset: $0) }
        case .unpacked(let bytes):
            let parts = view.parts(of: index, in: array) { .stored(bytes, type, offset: $0) }
            // Of a chunk that is not the tensor's alone only what is the tensor's is held on to.
            return isShared ? parts.map(\.alone) : parts
        }
    }
}

extension TensorPart {
    /// The same block with bytes of its own: rows of the longer run, one after the other.
    fileprivate var alone: TensorPart {
        guard case .stored(let bytes, let type, let offset) = content else { return self }
        let size = type.byteCount
        let (outer, outerStride, inner) =
            columnStride == 1 ? (rows.count, rowStride, columns.count) : (columns.count, columnStride, rows.count)
        guard columnStride == 1 || rowStride == 1 else { return self }
        var copy: [UInt8] = []
        copy.reserveCapacity(outer * inner * size)
        for run in 0..<outer {
            let start = (offset + run * outerStride) * size
            bytes.withBytes(in: start..<start + inner * size) { copy.append(contentsOf: $0) }
        }
        return TensorPart(
            rows: rows,
            columns: columns,
            content: .stored(ByteSource(copy), type, offset: 0),
            rowStride: columnStride == 1 ? inner : 1,
            columnStride: columnStride == 1 ? 1 : inner
        )
    }
}
