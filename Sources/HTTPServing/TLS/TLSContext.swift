private import COpenSSL
import Glibc

/// What the TLS connections of a server share: certificate, key, versions and ciphers.
///
/// Sendable by proof: `pointer` is set up before `init` returns and only read from then on, as OpenSSL allows from any
/// thread; sessions count references to it, so it outlives them.
final class TLSContext: @unchecked Sendable {
    /// How long a client may come back with a ticket instead of a whole handshake, in seconds.
    private static let ticketSeconds = 3600
    /// TLS 1.2 with forward secrecy and authenticated encryption alone; all of TLS 1.3's ciphers have both.
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"

    private let pointer: OpaquePointer
    /// What is wrong with the certificate that clients may refuse it for; each is a sentence.
    let warnings: [String]
    /// When the certificate ends, in seconds since 1970.
    let expiry: Int

    /// Reads both PEM files: the certificate, followed by those that issued it, and its key.
    init(certificate: String, key: String) throws(TLSError) {
        guard let pointer = SSL_CTX_new(TLS_server_method()) else { throw .noMemory }
        do throws(TLSError) {
            try Self.configure(pointer)
            let files = TLSCertificateFiles(certificate: certificate, key: key)
            try files.install(in: pointer)
            warnings = files.warnings(of: pointer)
            expiry = files.expiry(of: pointer)
        } catch {
            SSL_CTX_free(pointer)
            throw error
        }
        self.pointer = pointer
    }

    deinit { SSL_CTX_free(pointer) }

    func makeSession(descriptor: Int32) -> TLSSession? {
        TLSSession(context: pointer, descriptor: descriptor)
    }

    private static func configure(_ context: OpaquePointer) throws(TLSError) {
        guard COpenSSL_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1,
            SSL_CTX_set_cipher_list(context, ciphers) == 1
        else { throw .refused(file: "TLS", reason: OpenSSLError.takeReason()) }
        let options = COpenSSL_SSL_OP_NO_RENEGOTIATION | COpenSSL_SSL_OP_NO_COMPRESSION
        SSL_CTX_set_options(context, options | COpenSSL_SSL_OP_CIPHER_SERVER_PREFERENCE)
        COpenSSL_SSL_CTX_set_mode(
            context,
            // A write is tried again from where it got to; and the buffers of the idle are given back.
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS)
        )
        // One recv for a record, not one for its length and one for the rest.
        COpenSSL_SSL_CTX_set_read_ahead(context, 1)
        // Resumption is by tickets alone, which cost the server no memory.
        COpenSSL_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_timeout(context, ticketSeconds)
        let name = Array("switchyard".utf8)
        SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
        SSL_CTX_set_alpn_select_cb(
            context,
            { _, chosen, chosenCount, offered, count, _ in
                guard let chosen, let chosenCount, let offered,
                    let index = ProtocolOffer.http11(in: UnsafeBufferPointer(start: offered, count: Int(count)))
                else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                chosen.pointee = offered + index.lowerBound
                chosenCount.pointee = UInt8(index.count)
                return SSL_TLSEXT_ERR_OK
            },
            nil
        )
    }
}
