import Glibc

/// Moves bytes over one connected non-blocking socket; encryption slips in here.
///
/// Calls may come from two threads at once, one reading and one writing.
protocol ByteTransport: Sendable {
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> TransferResult
    func write(_ buffer: UnsafeRawBufferPointer) throws(SocketError) -> TransferResult
    /// Tells the client that nothing more will be sent.
    func shutDownWriting()
}

/// Bytes as they are.
///
/// Does not own the descriptor.
struct PlainTransport: ByteTransport {
    let descriptor: Int32

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> TransferResult {
        try syscall("recv") { recv(descriptor, buffer.baseAddress, buffer.count, 0) }
    }

    func write(_ buffer: UnsafeRawBufferPointer) throws(SocketError) -> TransferResult {
        // MSG_NOSIGNAL: a client that left is an error to handle, not a SIGPIPE.
        try syscall("send") { send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL)) }
    }

    func shutDownWriting() {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }
}
