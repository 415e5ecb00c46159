import Foundation

/// Reads the bytes as one of the things that checkpoints of T5X and TensorFlow are made of.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    #if MESSAGES
    messages(bytes)
    #elseif ARRAYS
    arrays(bytes)
    #elseif CHUNKS
    chunks(bytes)
    #elseif TABLES
    tables(bytes)
    #else
    if let output = Snappy.unpack(bytes, limit: 1 << 20) { precondition(output.count <= 1 << 20) }
    #endif
    return 0
}

/// An index, the names in it, and every tensor that lies in it.
private func messages(_ bytes: [UInt8]) {
    do throws(CheckpointError) {
        let index = try T5XIndex(ByteSource(bytes), file: "f")
        var arrays: [String: ChunkedArray] = [:]
        for (name, leaf) in index.leaves {
            guard case .inline(let shape, let pieces) = leaf else { continue }
            arrays[name] = ChunkedArray(path: name, shape: shape, store: InlineArray(pieces: pieces))
        }
        let tensors = NamedArrays(SharedBiases.merged(try FlaxNames(arrays, file: "f").tensors()))
        for name in tensors.names {
            let tensor = try tensors.tensor(named: name)
            precondition(tensor.floats().count == tensor.elementCount)
        }
    } catch {
        precondition(!error.description.isEmpty)
    }
}

/// A `.zarray`, and blocks of all views of it that are small enough.
private func arrays(_ bytes: [UInt8]) {
    do throws(ArrayProblem) {
        let metadata = try ZarrMetadata(bytes)
        let shape = metadata.shape
        guard shape.elementCount <= 1 << 12, shape.chunkElements <= 1 << 12, !shape.sizes.isEmpty else { return }
        let chunk = ByteSource([UInt8](repeating: 1, count: shape.chunkBytes))
        struct Store: ChunkStore {
            let isPacked = true
            let isColumnMajor: Bool
            let chunk: ByteSource
            func chunk(_ index: [Int], of array: ChunkedArray) throws(CheckpointError) -> Chunk { .unpacked(chunk) }
        }
        let array = ChunkedArray(path: "f", shape: shape, store: Store(isColumnMajor: metadata.isColumnMajor, chunk: chunk))
        for axis in shape.sizes.indices where shape.sizes[axis] > 0 {
            let others = shape.sizes.indices.filter { $0 != axis }
            var views = [ArrayView(rows: [axis], columns: others), ArrayView(rows: others, columns: [axis])]
            if !others.isEmpty { views.append(ArrayView(fixed: [axis: shape.sizes[axis] - 1], rows: others)) }
            for view in views where !view.rows.isEmpty {
                let tensor = ArrayTensor(array: array, view: view).tensor(named: "t", ChunkCache())
                precondition(tensor.floats().count == tensor.elementCount && tensor.problem == nil)
            }
        }
    } catch {
        precondition(!error.description.isEmpty)
    }
}

/// A chunk's file; the first three bytes say how it is packed and how large it is to be.
private func chunks(_ bytes: [UInt8]) {
    guard bytes.count > 3 else { return }
    let count = Int(bytes[1]) << 8 | Int(bytes[2])
    let compressor: ChunkDecoder.Compressor = bytes[0] & 1 == 0 ? .deflate : .zstd
    if let found = ChunkDecoder.unpack(ByteSource(Array(bytes[3...])), compressor, count: count) {
        precondition(found.count == count)
    }
}

/// A whole index, or, where the first byte is even, the entries of one whose checksums are right.
private func tables(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let table = first & 1 == 1 ? Array(bytes.dropFirst()) : sealed(Array(bytes.dropFirst()), kind: first >> 1 & 1)
    do throws(TableProblem) {
        let (entries, parts, _) = try TensorBundle.read(ByteSource(table))
        for (name, entry) in entries { for slice in entry.slices { _ = OrderedCode.key(of: name, slice.extents.map { ($0.start, $0.length ?? -1) }) } }
        precondition(entries.count + parts.count <= SortedTable.mostEntries)
    } catch {
        precondition(!error.description.isEmpty)
    }
}

private func sealed(_ block: [UInt8], kind: UInt8) -> [UInt8] {
    var file: [UInt8] = []
    func add(_ block: [UInt8], _ kind: UInt8) -> [UInt8] {
        let handle = varint(file.count) + varint(block.count)
        let sum = CRC32C.masked((block + [kind]).withUnsafeBytes { CRC32C.checksum($0) })
        file += block + [kind] + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
        return handle
    }
    let data = add(block, kind)
    let index = add([0, 1, UInt8(data.count), 122] + data + [0, 0, 0, 0, 1, 0, 0, 0], 0)
    let handles = data + index
    return file + handles + [UInt8](repeating: 0, count: 40 - handles.count) + [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]
}

private func varint(_ value: Int) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7)
}
