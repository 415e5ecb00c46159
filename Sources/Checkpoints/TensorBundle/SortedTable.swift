/// A table of keys and values in the order of the keys, as LevelDB keeps it: blocks with checksums, and a block that says where
/// they are (leveldb, doc/table_format.md).
struct SortedTable {
    static let mostEntries = 1 << 20
    /// Of one block, unpacked: TensorFlow's grow to 256 KiB, and one entry may be larger.
    static let blockBytes = 64 << 20

    private static let footerBytes = 48
    private static let magic: UInt64 = 0xDB47_7524_8B80_FB57
    /// Behind every block: how it is packed, and its checksum.
    private static let trailerBytes = 5

    private let bytes: ByteSource

    /// Calls `body` with every key and value, in order.
    static func read(
        _ bytes: ByteSource,
        _ body: (_ key: [UInt8], _ block: [UInt8], _ value: Range<Int>) throws(TableProblem) -> Void
    ) throws(TableProblem) {
        let table = SortedTable(bytes: bytes)
        var (entries, last): (Int, [UInt8]?) = (0, nil)
        for handle in try table.handles() {
            let block = try table.block(handle)
            try table.walk(block, at: handle.lowerBound) { key, value throws(TableProblem) in
                entries += 1
                guard entries <= mostEntries else { throw .tooManyEntries(limit: mostEntries) }
                if let last, !last.lexicographicallyPrecedes(key) { throw .notOrdered(at: handle.lowerBound) }
                last = key
                try body(key, block, value)
            }
        }
    }

    /// Where the blocks of entries are.
    private func handles() throws(TableProblem) -> [Range<Int>] {
        let start = bytes.count - Self.footerBytes
        guard start >= 0, bytes.number(at: bytes.count - 8) == Self.magic else { throw .noMagic }
        let footer = bytes.bytes(in: start..<bytes.count)
        var reader = VarintReader(footer)
        guard reader.varint() != nil, reader.varint() != nil else { throw .badHandle }
        let index = try handle(&reader)
        let block = try block(index)
        var handles: [Range<Int>] = []
        try walk(block, at: index.lowerBound) { _, value throws(TableProblem) in
            guard handles.count < Self.mostEntries else { throw .tooManyEntries(limit: Self.mostEntries) }
            var reader = VarintReader(block, value)
            handles.append(try handle(&reader))
        }
        return handles
    }

    private func handle(_ reader: inout VarintReader) throws(TableProblem) -> Range<Int> {
        guard let offset = reader.size(), let size = reader.size(), offset <= bytes.count,
            size <= bytes.count - offset - Self.trailerBytes
        else { throw .badHandle }
        return offset..<offset + size
    }

    /// A block's bytes, compared with their checksum and unpacked.
    private func block(_ range: Range<Int>) throws(TableProblem) -> [UInt8] {
        let (offset, end) = (range.lowerBound, range.upperBound)
        let kind: UInt8 = bytes.number(at: end) ?? 0
        guard let stored: UInt32 = bytes.number(at: end + 1) else { throw .badBlock(at: offset) }
        let sum = bytes.withBytes(in: offset..<end + 1) { CRC32C.checksum($0) }
        guard CRC32C.masked(sum) == stored else { throw .checksum(at: offset) }
        switch kind {
        case 0:
            guard range.count <= Self.blockBytes else { throw .badBlock(at: offset) }
            return bytes.bytes(in: range)
        case 1:
            guard let block = Snappy.unpack(bytes.bytes(in: range), limit: Self.blockBytes) else {
                throw .damagedSnappy(at: offset)
            }
            return block
        default: throw .unknownCompression(kind, at: offset)
        }
    }

    /// The entries of a block: each key begins like the one before, but where a restart says that it does not.
    private func walk(
        _ block: [UInt8],
        at offset: Int,
        _ body: (_ key: [UInt8], _ value: Range<Int>) throws(TableProblem) -> Void
    ) throws(TableProblem) {
        var counter = VarintReader(block, max(0, block.count - 4)..<block.count)
        guard let restarts = counter.littleEndian(4), restarts <= (block.count - 4) / 4 else {
            throw .badBlock(at: offset)
        }
        let end = block.count - 4 - 4 * restarts
        var reader = VarintReader(block, 0..<end)
        var key: [UInt8] = []
        while !reader.isAtEnd {
            guard let shared = reader.size(), let fresh = reader.size(), let count = reader.size(), shared <= key.count,
                let suffix = reader.bytes(fresh), let value = reader.bytes(count)
            else { throw .badBlock(at: offset) }
            key.removeSubrange(shared...)
            key += suffix
            try body(key, value.startIndex..<value.endIndex)
        }
        // Where keys are whole: inside, and in order.
        var restart = VarintReader(block, end..<block.count - 4)
        var last = -1
        while let position = restart.littleEndian(4) {
            guard position > last, position < max(end, 1) else { throw .badBlock(at: offset) }
            last = position
        }
    }
}
