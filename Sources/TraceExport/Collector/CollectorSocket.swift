import COpenSSL
import Glibc

/// A connection to the collector, plain or encrypted; every wait ends at one deadline.
///
/// The socket is non-blocking and waited for with `poll`. Owns the descriptor and the TLS session.
final class CollectorSocket {
    private let descriptor: Int32
    private let deadline: ContinuousClock.Instant
    private let limit: Duration
    private var session: OpaquePointer?

    init(_ endpoint: CollectorEndpoint, deadline: ContinuousClock.Instant, limit: Duration) throws(ExportError) {
        self.deadline = deadline
        self.limit = limit
        descriptor = try Self.connect(to: endpoint, deadline: deadline, limit: limit)
    }

    deinit {
        SSL_free(session)
        close(descriptor)
    }

    /// Shakes hands; the certificate must be valid and name the host.
    func encrypt(with context: OpaquePointer, host: String) throws(ExportError) {
        guard let session = SSL_new(context), SSL_set_fd(session, descriptor) == 1 else {
            throw .encryption("OpenSSL has no session to give")
        }
        self.session = session
        let parameters = SSL_get0_param(session)
        // An address has no name to be sent, and is looked for among the certificate's addresses.
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1 {
            guard SSL_set1_host(session, host) == 1, COpenSSL_SSL_set_tlsext_host_name(session, host) == 1 else {
                throw .encryption("\(host) is no name for a certificate")
            }
        }
        try repeatUntilDone { SSL_connect(session) }
    }

    func write(_ bytes: [UInt8]) throws(ExportError) {
        var sent = 0
        while sent < bytes.count {
            if let session {
                try repeatUntilDone {
                    bytes[sent...].withUnsafeBytes { buffer in
                        let count = SSL_write(session, buffer.baseAddress, Int32(clamping: buffer.count))
                        if count > 0 { sent += Int(count) }
                        return count
                    }
                }
            } else {
                let count = bytes[sent...].withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count > 0 { sent += count } else { try wait(POLLOUT, after: errno) }
            }
        }
    }

    /// What arrives until the collector closes, or `count` bytes.
    func readToEnd(atMost count: Int) throws(ExportError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < count {
            let received = try read(into: &buffer)
            if received == 0 { break }
            bytes.append(contentsOf: buffer[..<received])
        }
        return bytes
    }

    private func read(into buffer: inout [UInt8]) throws(ExportError) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes { buffer in
                if let session { return Int(SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count))) }
                return recv(descriptor, buffer.baseAddress, buffer.count, 0)
            }
            let number = errno
            if count > 0 { return count }
            guard let session else {
                if count == 0 { return 0 }
                try wait(POLLIN, after: number)
                continue
            }
            switch SSL_get_error(session, Int32(count)) {
            case SSL_ERROR_WANT_READ: try poll(POLLIN)
            case SSL_ERROR_WANT_WRITE: try poll(POLLOUT)
            // Also a peer that closes without saying so: the response says itself whether it is whole.
            default: return 0
            }
        }
    }

    /// Calls a TLS operation until it has done something.
    private func repeatUntilDone(_ operation: () -> Int32) throws(ExportError) {
        while true {
            ERR_clear_error()
            let result = operation()
            let number = errno
            if result > 0 { return }
            switch SSL_get_error(session, result) {
            case SSL_ERROR_WANT_READ: try poll(POLLIN)
            case SSL_ERROR_WANT_WRITE: try poll(POLLOUT)
            case SSL_ERROR_SYSCALL where number != 0: throw .disconnected(errno: number)
            default: throw .encryption(Self.reason(session))
            }
        }
    }

    private static func reason(_ session: OpaquePointer?) -> String {
        let result = SSL_get_verify_result(session)
        if result != Int(X509_V_OK) { return String(cString: X509_verify_cert_error_string(result)) }
        guard let text = ERR_reason_error_string(ERR_get_error()) else { return "the connection ended" }
        return String(cString: text)
    }

    /// Waits when the call would have blocked.
    private func wait(_ event: Int32, after number: Int32) throws(ExportError) {
        switch number {
        case EAGAIN: try poll(event)
        case EINTR: return
        default: throw .disconnected(errno: number)
        }
    }

    private func poll(_ event: Int32) throws(ExportError) {
        try Self.poll(descriptor, event, deadline: deadline, limit: limit)
    }
}

extension CollectorSocket {
    /// Tries every address of the host in turn.
    private static func connect(
        to endpoint: CollectorEndpoint,
        deadline: ContinuousClock.Instant,
        limit: Duration
    ) throws(ExportError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(endpoint.host, "\(endpoint.port)", &hints, &found) == 0 else {
            throw .unknownHost(endpoint.host)
        }
        defer { freeaddrinfo(found) }
        var failure = ExportError.unknownHost(endpoint.host)
        var next = found
        while let address = next {
            do throws(ExportError) {
                return try connect(address.pointee, endpoint, deadline: deadline, limit: limit)
            } catch {
                failure = error
            }
            next = address.pointee.ai_next
        }
        throw failure
    }

    private static func connect(
        _ address: addrinfo,
        _ endpoint: CollectorEndpoint,
        deadline: ContinuousClock.Instant,
        limit: Duration
    ) throws(ExportError) -> Int32 {
        func unreachable(_ number: Int32) -> ExportError {
            .unreachable(host: endpoint.host, port: endpoint.port, errno: number)
        }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.ai_family, type, 0)
        guard descriptor >= 0 else { throw unreachable(errno) }
        do throws(ExportError) {
            if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else { throw unreachable(errno) }
                try poll(descriptor, POLLOUT, deadline: deadline, limit: limit)
                var number: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size)
                guard number == 0 else { throw unreachable(number) }
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func poll(
        _ descriptor: Int32,
        _ event: Int32,
        deadline: ContinuousClock.Instant,
        limit: Duration
    ) throws(ExportError) {
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        while true {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { throw .timedOut(seconds: limit / .seconds(1)) }
            let result = Glibc.poll(&entry, 1, Int32(clamping: Int(left.rounded(.up))))
            if result > 0 { return }
            if result < 0, errno != EINTR { throw .disconnected(errno: errno) }
        }
    }
}
