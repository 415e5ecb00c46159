private import CZlib

/// Unpacks what zip archives deflate.
enum Inflate {
    private static let chunk = 1 << 18

    /// The bytes that `source` unpacks to, nil unless there are exactly `count` of them with this checksum.
    ///
    /// Memory is taken as bytes come out, not as `count` promises.
    static func inflate(_ source: ByteSource, count: Int, checksum: UInt32) -> [UInt8]? {
        var stream = z_stream()
        // Minus the window size: zip has neither header nor checksum of zlib's own.
        guard CZlib_inflateInit2(&stream, -MAX_WBITS) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: chunk)
        var position = 0
        while true {
            let part = position..<min(position + chunk, source.count)
            let (result, taken, made) = step(&stream, source, part, &buffer)
            position += taken
            guard made <= count - output.count else { return nil }
            output += buffer[..<made]
            if result == Z_STREAM_END { break }
            guard result == Z_OK, taken > 0 || made > 0 else { return nil }
        }
        guard position == source.count, output.count == count else { return nil }
        return Self.checksum(ByteSource(output)) == checksum ? output : nil
    }

    /// Unpacks bytes `part` of `source` until they or the room in `buffer` end; returns what zlib says and how far it got.
    private static func step(
        _ stream: inout z_stream,
        _ source: ByteSource,
        _ part: Range<Int>,
        _ buffer: inout [UInt8]
    ) -> (result: CInt, taken: Int, made: Int) {
        source.withBytes(in: part) { input in
            buffer.withUnsafeMutableBufferPointer { output in
                stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                let result = CZlib.inflate(&stream, Z_NO_FLUSH)
                return (result, input.count - Int(stream.avail_in), output.count - Int(stream.avail_out))
            }
        }
    }

    /// The CRC-32 that zip archives keep of every member.
    static func checksum(_ source: ByteSource) -> UInt32 {
        var sum: uLong = 0
        for start in stride(from: 0, to: source.count, by: chunk) {
            sum = source.withBytes(in: start..<min(start + chunk, source.count)) { bytes in
                crc32(sum, bytes.bindMemory(to: UInt8.self).baseAddress, uInt(bytes.count))
            }
        }
        return UInt32(truncatingIfNeeded: sum)
    }
}
