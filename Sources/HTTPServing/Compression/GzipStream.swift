private import CZlib

/// zlib's state for packing or unpacking gzip (RFC 1952): the one place that touches it.
///
/// Sendable by proof: it cannot be copied, and whatever changes the state is mutating, so calls cannot overlap.
struct GzipStream: ~Copyable, @unchecked Sendable {
    enum Direction {
        case packing
        case unpacking
    }

    /// What one call did.
    struct Step {
        var taken: Int
        var made: Int
        /// The end of a member, with its checksum and length as they must be.
        var isEnd: Bool
    }

    /// 16 more than the window's size asks for gzip's header and trailer rather than zlib's.
    private static let windowBits = MAX_WBITS + 16
    private static let level: Int32 = 6

    private let direction: Direction
    /// At one address for as long as it lives: zlib's own state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Returns: nil when memory is out.
    init?(_ direction: Direction) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result =
            direction == .packing
            ? CZlib_deflateInit2(stream, Self.level, Self.windowBits) : CZlib_inflateInit2(stream, Self.windowBits)
        guard result == Z_OK else {
            stream.deallocate()
            return nil
        }
        self.direction = direction
        self.stream = stream
    }

    deinit {
        _ = direction == .packing ? deflateEnd(stream) : inflateEnd(stream)
        stream.deallocate()
    }

    /// The most bytes that packing `count` bytes can take.
    func bound(_ count: Int) -> Int { Int(deflateBound(stream, uLong(count))) }

    /// Takes what it can of `input` and makes what there is room for in `output`; of each at most what UInt32 holds.
    ///
    /// A packing stream is told that its input ends with this one.
    ///
    /// - Returns: nil when the bytes are not gzip, or nothing could be done with them.
    mutating func step(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Step? {
        let (available, room) = (uInt(clamping: input.count), uInt(clamping: output.count))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.pointee.avail_in = available
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = room
        let result = direction == .packing ? deflate(stream, Z_FINISH) : inflate(stream, Z_NO_FLUSH)
        defer {
            stream.pointee.next_in = nil
            stream.pointee.next_out = nil
        }
        guard result == Z_OK || result == Z_STREAM_END else { return nil }
        return Step(
            taken: Int(available - stream.pointee.avail_in),
            made: Int(room - stream.pointee.avail_out),
            isEnd: result == Z_STREAM_END
        )
    }

    /// Begins another member.
    mutating func reset() {
        _ = direction == .packing ? deflateReset(stream) : inflateReset(stream)
    }
}
