/// Unpacks a body sent with `Content-Encoding: gzip`, piece by piece, into no more than is allowed.
///
/// Members may follow one another (RFC 1952 §2.2). Memory is taken as bytes come out, so that what a body claims or
/// hides costs no more than the limits say.
struct GzipDecoder: ~Copyable, Sendable {
    private static let pieceBytes = 16 * 1024

    private let limits: HTTPLimits
    private var stream: GzipStream
    private var received = 0
    private var made = 0
    /// Between two members, where a body may end.
    private var isAtBoundary = false

    init(limits: HTTPLimits) throws(RequestBodyError) {
        // Without the memory to unpack, it is a coding that the server does not know for now.
        guard let stream = GzipStream(.unpacking) else { throw .unsupportedCoding }
        self.stream = stream
        self.limits = limits
    }

    /// Unpacks `bytes` onto the end of `body`.
    mutating func decode(_ bytes: [UInt8], into body: inout [UInt8]) throws(RequestBodyError) {
        var offset = 0
        var isDrained = true
        // What fills the room made for it may leave more inside.
        while offset < bytes.count || !isDrained {
            if isAtBoundary {
                guard offset < bytes.count else { return }
                stream.reset()
                isAtBoundary = false
            }
            let room = Self.pieceBytes - made % Self.pieceBytes
            let step = try unpack(bytes, from: offset, into: &body, room: room)
            offset += step.taken
            received += step.taken
            made += step.made
            isDrained = step.made < room
            isAtBoundary = step.isEnd
            if made > limits.bodyBytes { throw .tooLarge(limit: limits.bodyBytes) }
            // At the same bytes of a body however it arrives, so that the network has no say in what is refused.
            if !isDrained { try checkRatio() }
        }
    }

    /// Says that no more bytes will come.
    func finish() throws(RequestBodyError) {
        guard isAtBoundary else { throw .malformedCoding }
        try checkRatio()
    }

    private mutating func unpack(
        _ bytes: [UInt8],
        from offset: Int,
        into body: inout [UInt8],
        room: Int
    ) throws(RequestBodyError) -> GzipStream.Step {
        var step: GzipStream.Step?
        withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer in
            bytes.withUnsafeBytes { all in
                step = stream.step(UnsafeRawBufferPointer(rebasing: all[offset...]), into: buffer)
            }
            if let step { body.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<step.made])) }
        }
        guard let step else {
            // zlib calls it an error when it can do nothing, as after a piece that came out even.
            if offset == bytes.count { return GzipStream.Step(taken: 0, made: 0, isEnd: false) }
            throw .malformedCoding
        }
        return step
    }

    private func checkRatio() throws(RequestBodyError) {
        guard made > limits.denseBodyBytes else { return }
        let (most, overflow) = received.multipliedReportingOverflow(by: limits.bodyRatio)
        if !overflow, made > most { throw .tooDense(ratio: limits.bodyRatio) }
    }
}
