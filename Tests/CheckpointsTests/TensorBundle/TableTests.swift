import Testing

@testable import Checkpoints

/// What a bundle's index is made of: checksums, Snappy, keys of parts, blocks.
@Suite struct TableTests {
    @Test func theChecksumIsCastagnolis() {
        // RFC 3720, section B.4.
        let sum = { (bytes: [UInt8]) in bytes.withUnsafeBytes { CRC32C.checksum($0) } }
        #expect(sum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(sum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(sum(Array(0..<32)) == 0x46DD_794E)
        #expect(CRC32C.masked(0) == 0xA282_EAD8)
    }

    @Test func snappyUnpacksLiteralsAndCopies() {
        // Ten letters: a literal of four, then a copy that runs into itself.
        #expect(Snappy.unpack([10, 3 << 2, 97, 98, 99, 100, 5 << 2 | 2, 4, 0], limit: 10) == Array("abcdabcdab".utf8))
        #expect(Snappy.unpack([6, 1 << 2, 97, 98, 0x01, 2], limit: 6) == Array("ababab".utf8))
        let long = [UInt8](repeating: 7, count: 70)
        #expect(Snappy.unpack([70, 60 << 2, 69] + long, limit: 100) == long)
        #expect(Snappy.unpack([6, 1 << 2, 97, 98, 3 << 2 | 3, 2, 0, 0, 0], limit: 6) == Array("ababab".utf8))
    }

    @Test func snappyRefusesWhatItCannotUnpack() {
        let refused: [[UInt8]] = [
            [], [10, 3 << 2, 97], [4, 0, 97, 2 << 2 | 2, 2, 0], [4, 0, 97, 2 << 2 | 2, 0, 0], [1, 1 << 2, 97, 98],
            [3, 1 << 2, 97, 98], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0], [200, 1, 0],
        ]
        for bytes in refused { #expect(Snappy.unpack(bytes, limit: 1 << 30) == nil, "\(bytes)") }
        #expect(Snappy.unpack([2, 1 << 2, 97, 98], limit: 1) == nil)
    }

    @Test(
        arguments: [
            (0, [0x80]), (5, [0x85]), (63, [0xBF]), (64, [0xC0, 0x40]), (8191, [0xDF, 0xFF]),
            (8192, [0xE0, 0x20, 0x00]),
            (1_100_000, [0xF0, 0x10, 0xC8, 0xE0]), (-1, [0x7F]),
        ] as [(Int, [UInt8])]
    )
    func numbersAreInOrder(value: Int, bytes: [UInt8]) {
        let key = OrderedCode.key(of: "v", [(start: value, length: -1)])
        #expect(key == [0, 0x76, 0, 1, 1, 1] + bytes + [0x7F])
    }

    @Test func aTableIsReadAndEveryFlippedBitIsFound() throws {
        let bytes = SmallTable.bytes([("", [1]), ("a/b", [2, 3]), ("a/c", [4]), ("b", [])])
        func read(_ bytes: [UInt8]) throws(TableProblem) -> [String: [UInt8]] {
            var found: [String: [UInt8]] = [:]
            try SortedTable.read(ByteSource(bytes)) { key, block, value throws(TableProblem) in
                found[String(decoding: key, as: UTF8.self)] = Array(block[value])
            }
            return found
        }
        let whole = try read(bytes)
        #expect(whole == ["": [1], "a/b": [2, 3], "a/c": [4], "b": []])
        for position in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << bit
                // What is not read, of the footer, may be anything; everything else is found.
                if let found = try? read(damaged) { #expect(found == whole, "bit \(bit) of byte \(position)") }
            }
        }
        for count in 0..<bytes.count { #expect(throws: TableProblem.self) { try read(Array(bytes[..<count])) } }
    }

    @Test func keysOutOfOrderAreRefused() {
        let bytes = SmallTable.bytes([("b", [1]), ("a", [2])])
        #expect(throws: TableProblem.notOrdered(at: 0)) {
            try SortedTable.read(ByteSource(bytes)) { _, _, _ throws(TableProblem) in }
        }
    }
}

/// Writes tables of one block, keys beginning like the ones before.
enum SmallTable {
    static func bytes(_ entries: [(key: String, value: [UInt8])]) -> [UInt8] {
        var file: [UInt8] = []
        let data = seal(block(entries.map { (Array($0.key.utf8), $0.value) }), &file)
        let meta = seal(block([]), &file)
        let index = seal(block([(Array("z".utf8), data)]), &file)
        let handles = meta + index
        return file + handles + [UInt8](repeating: 0, count: 40 - handles.count)
            + [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]
    }

    static func varint(_ value: Int) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7)
    }

    static func little(_ value: some BinaryInteger, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func block(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
        var (bytes, last): ([UInt8], [UInt8]) = ([], [])
        for (key, value) in entries {
            let shared = zip(key, last).prefix { $0 == $1 }.count
            bytes += varint(shared) + varint(key.count - shared) + varint(value.count) + key[shared...] + value
            last = key
        }
        return bytes + little(0, 4) + little(1, 4)
    }

    private static func seal(_ block: [UInt8], _ file: inout [UInt8]) -> [UInt8] {
        let handle = varint(file.count) + varint(block.count)
        let sealed = block + [0]
        file += sealed + little(CRC32C.masked(sealed.withUnsafeBytes { CRC32C.checksum($0) }), 4)
        return handle
    }
}
