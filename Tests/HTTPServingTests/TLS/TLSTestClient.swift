import COpenSSL
import Glibc
import Testing

@testable import HTTPServing

/// A TLS client at one end of a pair of sockets whose other end is a server's, both driven by one thread.
///
/// What it encrypts and decrypts passes through memory, so that a test decides how many bytes go at a time.
final class TLSTestClient {
    struct Options {
        var newestVersion = TLS1_3_VERSION
        var oldestVersion = TLS1_VERSION
        /// Names to offer, in TLS's own form.
        var protocols: [UInt8] = []
        var session: OpaquePointer?
        /// Bytes that pass the socket at a time.
        var step = Int.max
    }

    let ssl: OpaquePointer
    let serverDescriptor: Int32
    private let descriptor: Int32
    private let input = BIO_new(BIO_s_mem())
    private let output = BIO_new(BIO_s_mem())
    private let step: Int

    init(_ options: Options = Options()) throws {
        var pair: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &pair) == 0)
        (descriptor, serverDescriptor) = (pair[0], pair[1])
        let context = try #require(SSL_CTX_new(TLS_client_method()))
        defer { SSL_CTX_free(context) }
        // Versions below 1.2 are only offered at all at level 0.
        SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0")
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(options.oldestVersion), nil)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(options.newestVersion), nil)
        ssl = try #require(SSL_new(context))
        step = options.step
        SSL_set_bio(ssl, input, output)
        SSL_set_alpn_protos(ssl, options.protocols, UInt32(options.protocols.count))
        if let session = options.session { SSL_set_session(ssl, session) }
        SSL_set_connect_state(ssl)
    }

    deinit {
        SSL_free(ssl)
        close(descriptor)
        close(serverDescriptor)
    }

    /// Gives the socket at most `step` of the bytes that are to go.
    func push() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = BIO_read(output, &buffer, Int32(min(step, buffer.count)))
        if count > 0 { send(buffer[..<Int(count)]) }
    }

    /// Takes all that have come.
    func pull() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            BIO_write(input, buffer, Int32(count))
        }
    }

    /// Throws away all that have come.
    func discard() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
    }

    /// Bytes as they are.
    func send(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        #expect(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    func shutDownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    func write(_ bytes: [UInt8]) {
        #expect(SSL_write(ssl, bytes, Int32(bytes.count)) == bytes.count)
    }

    /// What has been decrypted so far.
    func read() -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = SSL_read(ssl, &buffer, Int32(buffer.count))
            guard count > 0 else { return all }
            all += buffer[..<Int(count)]
        }
    }

    /// Goes through the handshake with a server that runs on another thread.
    func connect() -> Bool {
        while true {
            let result = SSL_do_handshake(ssl)
            push()
            if result == 1 { return true }
            guard SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ else { return false }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 10_000) == 1 else { return false }
            pull()
        }
    }

    /// Goes through the handshake with `server`; whether the client is content.
    func connect(to server: TLSTestServer) throws -> Bool {
        for _ in 0..<20000 {
            let client = SSL_do_handshake(ssl)
            push()
            let result = try server.establish()
            pull()
            if client == 1, result == .transferred(0), BIO_ctrl_pending(output) == 0 { return true }
            if client != 1, SSL_get_error(ssl, client) == SSL_ERROR_SSL { return false }
        }
        return false
    }
}
