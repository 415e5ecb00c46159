import Glibc

/// What a non-blocking call came back with.
enum TransferResult: Equatable, Sendable {
    /// Zero from a read is the end of the stream.
    case transferred(Int)
    case wouldBlock
}

/// Runs a system call, again when a signal interrupted it; would-block is a value, any other failure is thrown.
func syscall(_ name: String, _ body: () -> Int) throws(SocketError) -> TransferResult {
    while true {
        let result = body()
        if result >= 0 { return .transferred(result) }
        let number = errno
        switch number {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        case ECONNRESET, EPIPE, ENOTCONN, ETIMEDOUT, EHOSTUNREACH: throw .disconnected
        default: throw .failed(call: name, errno: number)
        }
    }
}
