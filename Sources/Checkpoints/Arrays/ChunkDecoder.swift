private import CZlib
private import CZstd

/// Unpacks what one chunk's file holds.
enum ChunkDecoder {
    /// How a chunk was packed.
    enum Compressor: Equatable, Sendable {
        case none
        /// gzip or zlib: which of the two the bytes say themselves.
        case deflate
        case zstd
    }

    /// The bytes that `source` unpacks to, nil unless there are exactly `count` of them and nothing follows.
    ///
    /// gzip and zlib carry a checksum, which is compared; zstd does where its writer asked for one.
    static func unpack(_ source: ByteSource, _ compressor: Compressor, count: Int) -> [UInt8]? {
        // No packed byte becomes that many: a small file is not believed to hold a large chunk.
        guard source.count > 0, count / ArrayLimits.expansion <= source.count else { return nil }
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let target = UnsafeMutableRawBufferPointer(buffer)
            isWhole = source.withBytes(in: 0..<source.count) { input in
                switch compressor {
                case .none: return false
                case .deflate: return inflate(input, into: target)
                case .zstd:
                    return ZSTD_decompress(target.baseAddress, target.count, input.baseAddress, input.count)
                        == target.count
                }
            }
            initialized = isWhole ? count : 0
        }
        return isWhole ? bytes : nil
    }

    private static func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        var stream = z_stream()
        // Plus 32: the header says whether it is gzip's or zlib's.
        guard CZlib_inflateInit2(&stream, MAX_WBITS + 32) == Z_OK else { return false }
        defer { inflateEnd(&stream) }
        // A chunk has less than 2^32 bytes, and a file that has more is none of one.
        guard input.count <= UInt32.max, output.count <= UInt32.max else { return false }
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = uInt(input.count)
        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = uInt(output.count)
        return CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0
    }
}
