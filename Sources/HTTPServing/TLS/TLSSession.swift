private import COpenSSL
import Glibc

/// The server's side of one TLS connection: the one place that touches an SSL object.
///
/// Nothing here waits: what the socket does not allow yet comes back as `wouldBlock`, in whichever direction TLS must
/// move next.
///
/// Sendable by proof: it cannot be copied, and whatever changes the SSL object is mutating, so calls cannot overlap.
struct TLSSession: ~Copyable, @unchecked Sendable {
    /// How a connection that speaks TLS came to be, in names from fixed sets.
    struct Summary: Equatable, Sendable {
        var version: String
        var isResumed: Bool
    }

    private let ssl: OpaquePointer
    /// After such an error OpenSSL must not be asked for anything more.
    private var isBroken = false

    /// - Parameter descriptor: connected and non-blocking; stays the caller's, and open as long as this lives.
    init?(context: OpaquePointer, descriptor: Int32) {
        guard let ssl = SSL_new(context) else { return nil }
        guard let bio = SocketBIO.make(descriptor: descriptor) else {
            SSL_free(ssl)
            return nil
        }
        SSL_set_bio(ssl, bio, bio)
        SSL_set_accept_state(ssl)
        self.ssl = ssl
    }

    deinit { SSL_free(ssl) }

    /// Whether decrypted or still encrypted bytes wait inside.
    var hasBufferedInput: Bool { SSL_has_pending(ssl) == 1 }

    var isEstablished: Bool { SSL_is_init_finished(ssl) == 1 }

    /// Valid once established.
    var summary: Summary {
        let version = SSL_get_version(ssl).map { String(cString: $0) } ?? "unknown"
        return Summary(version: version, isResumed: SSL_session_reused(ssl) == 1)
    }

    /// Takes the handshake as far as it goes.
    mutating func establish() throws(SocketError) -> TransferResult {
        try attempt("handshake") { SSL_do_handshake($0) == 1 ? 0 : nil }
    }

    /// - Returns: `transferred(0)` once the client has said that it will send no more; a connection that just ends
    ///   may have been cut by anyone, and is thrown as `disconnected`.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> TransferResult {
        try attempt("read") { ssl in
            var count = 0
            return SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count) == 1 ? count : nil
        }
    }

    mutating func write(_ buffer: UnsafeRawBufferPointer) throws(SocketError) -> TransferResult {
        let result = try attempt("write") { ssl in
            var count = 0
            return SSL_write_ex(ssl, buffer.baseAddress, buffer.count, &count) == 1 ? count : nil
        }
        guard result != .transferred(0) else { throw .disconnected }
        return result
    }

    /// Sends close_notify (RFC 8446 §6.1), without waiting for the client's.
    mutating func close() throws(SocketError) -> TransferResult {
        guard !isBroken, isEstablished else { return .transferred(0) }
        return try attempt("close") { SSL_shutdown($0) >= 0 ? 0 : nil }
    }

    /// - Parameter body: nil when OpenSSL did not succeed.
    private mutating func attempt(
        _ name: String,
        _ body: (OpaquePointer) -> Int?
    ) throws(SocketError) -> TransferResult {
        guard !isBroken else { throw .disconnected }
        ERR_clear_error()
        errno = 0
        if let count = body(ssl) { return .transferred(count) }
        let number = errno
        switch SSL_get_error(ssl, -1) {
        case SSL_ERROR_WANT_READ: return .wouldBlock(.readable)
        case SSL_ERROR_WANT_WRITE: return .wouldBlock(.writable)
        case SSL_ERROR_ZERO_RETURN: return .transferred(0)
        case SSL_ERROR_SYSCALL:
            isBroken = true
            throw number == 0 ? .disconnected : SocketError(call: "TLS \(name)", errno: number)
        default:
            isBroken = true
            throw Self.failure()
        }
    }

    /// What OpenSSL's queue of errors says of this thread's last call.
    private static func failure() -> SocketError {
        let code = ERR_peek_error()
        ERR_clear_error()
        switch Int32(truncatingIfNeeded: COpenSSL_ERR_GET_REASON(code)) {
        case SSL_R_HTTP_REQUEST: return .plainRequest
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: return .disconnected
        default: return .tls(reason: OpenSSLError.reason(of: code))
        }
    }
}
