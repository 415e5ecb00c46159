import Testing

@testable import Checkpoints

@Suite struct ChunkDecoderTests {
    /// `abcabcabc`, as Python's `gzip`, `zlib` and `zstd` pack it.
    private static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 76, 74, 78, 4, 35, 0, 24, 72, 45, 70, 9, 0, 0, 0,
    ]
    private static let text = Array("abcabcabc".utf8)

    private func unpack(_ bytes: [UInt8], _ compressor: ChunkDecoder.Compressor, _ count: Int) -> [UInt8]? {
        ChunkDecoder.unpack(ByteSource(bytes), compressor, count: count)
    }

    @Test func everyBitOfGzipThatCountsIsChecked() {
        #expect(unpack(Self.gzip, .deflate, 9) == Self.text)
        for position in Self.gzip.indices {
            for bit in 0..<8 {
                var damaged = Self.gzip
                damaged[position] ^= 1 << bit
                let found = unpack(damaged, .deflate, 9)
                #expect(found == nil || found == Self.text, "bit \(bit) of byte \(position)")
            }
        }
    }

    @Test func anotherSizeAndWhatFollowsAreRefused() {
        #expect(unpack(Self.gzip, .deflate, 8) == nil && unpack(Self.gzip, .deflate, 10) == nil)
        #expect(unpack(Self.gzip + [0], .deflate, 9) == nil && unpack(Array(Self.gzip.dropLast()), .deflate, 9) == nil)
        #expect(unpack([], .deflate, 0) == nil)
    }

    @Test func aSmallFileIsNotBelievedToBeALargeChunk() {
        #expect(unpack(Self.gzip, .deflate, 1 << 31) == nil && unpack(Self.gzip, .zstd, 1 << 31) == nil)
    }

    @Test func zstdFramesAreUnpackedWithAndWithoutTheirSize() {
        // A raw block of nine bytes: single segment with its size in a byte, and with a window and none.
        let block: [UInt8] = [73, 0, 0] + Self.text
        for header in [[0x28, 0xB5, 0x2F, 0xFD, 0x20, 9], [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x00]] as [[UInt8]] {
            #expect(unpack(header + block, .zstd, 9) == Self.text)
            #expect(unpack(header + block, .zstd, 8) == nil && unpack(header + block.dropLast(), .zstd, 9) == nil)
            #expect(unpack(header + block + [1], .zstd, 9) == nil)
        }
    }
}
