import Glibc

/// What a non-blocking call came back with.
enum TransferResult: Equatable, Sendable {
    /// Zero from a read is the end of the stream.
    case transferred(Int)
    /// To be tried again once the socket is ready.
    case wouldBlock(SocketReadiness)
}

/// What a socket is waited for to become.
enum SocketReadiness: Equatable, Sendable {
    case readable
    case writable
}

/// Runs a system call, again when a signal interrupted it; would-block is a value, any other failure is thrown.
func syscall(
    _ name: String,
    awaiting readiness: SocketReadiness,
    _ body: () -> Int
) throws(SocketError) -> TransferResult {
    while true {
        let result = body()
        if result >= 0 { return .transferred(result) }
        let number = errno
        switch number {
        case EINTR: continue
        case EAGAIN: return .wouldBlock(readiness)
        default: throw SocketError(call: name, errno: number)
        }
    }
}

extension SocketError {
    /// What the failure of a call on a connected socket means.
    init(call: String, errno number: Int32) {
        switch number {
        case ECONNRESET, EPIPE, ENOTCONN, ETIMEDOUT, EHOSTUNREACH: self = .disconnected
        default: self = .failed(call: call, errno: number)
        }
    }
}
