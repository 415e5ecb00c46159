import Glibc

/// Moves bytes over one connected non-blocking socket; encryption slips in here.
///
/// Any call may have to wait for the socket in either direction: encryption may have to write before it can read.
protocol ByteTransport: Sendable {
    /// Does what must come before the first byte, as far as the socket allows; `transferred` once it is done.
    func establish() throws(SocketError) -> TransferResult
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> TransferResult
    /// - Parameter buffer: not empty; after `wouldBlock` the same bytes must be offered again.
    func write(_ buffer: UnsafeRawBufferPointer) throws(SocketError) -> TransferResult
    /// Tells the client that nothing more will be sent; `transferred` once that is on its way.
    func shutDownWriting() throws(SocketError) -> TransferResult
    /// Whether bytes may wait here that the socket no longer tells of.
    var hasBufferedInput: Bool { get }
    /// Whether `establish` has something to do.
    var needsEstablishing: Bool { get }
}

/// Bytes as they are.
///
/// Does not own the descriptor.
struct PlainTransport: ByteTransport {
    let descriptor: Int32

    var hasBufferedInput: Bool { false }
    var needsEstablishing: Bool { false }

    func establish() throws(SocketError) -> TransferResult { .transferred(0) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> TransferResult {
        try syscall("recv", awaiting: .readable) { recv(descriptor, buffer.baseAddress, buffer.count, 0) }
    }

    func write(_ buffer: UnsafeRawBufferPointer) throws(SocketError) -> TransferResult {
        // MSG_NOSIGNAL: a client that left is an error to handle, not a SIGPIPE.
        try syscall("send", awaiting: .writable) {
            send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        }
    }

    func shutDownWriting() throws(SocketError) -> TransferResult {
        _ = shutdown(descriptor, Int32(SHUT_WR))
        return .transferred(0)
    }
}
