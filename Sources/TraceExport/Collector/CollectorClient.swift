import COpenSSL
import Glibc

/// Sends one request to the collector and reads its response, blocking the calling thread for no longer than a limit.
///
/// Not Sendable: made and used by the exporter's thread alone.
final class CollectorClient {
    private let endpoint: CollectorEndpoint
    private let headers: [CollectorHeader]
    private let limits: ExportLimits
    /// Made at the first use of TLS; freed with the client.
    private var context: OpaquePointer?

    init(endpoint: CollectorEndpoint, headers: [CollectorHeader], limits: ExportLimits) {
        self.endpoint = endpoint
        self.headers = headers
        self.limits = limits
    }

    deinit {
        SSL_CTX_free(context)
    }

    func post(_ body: [UInt8]) throws(ExportError) -> CollectorResponse {
        let deadline = ContinuousClock.now + limits.attempt
        let socket = try CollectorSocket(endpoint, deadline: deadline, limit: limits.attempt)
        if endpoint.isSecure { try socket.encrypt(with: secureContext(), host: endpoint.host) }
        try socket.write(head(length: body.count) + body)
        let bytes = try socket.readToEnd(atMost: limits.responseBytes)
        guard let response = CollectorResponse(bytes) else { throw .malformedResponse }
        return response
    }

    private func head(length: Int) -> [UInt8] {
        var text = """
            POST \(endpoint.target) HTTP/1.1\r
            Host: \(endpoint.authority)\r
            Content-Type: application/json\r
            Content-Length: \(length)\r
            User-Agent: switchyard\r
            Connection: close\r

            """
        for header in headers { text += "\(header.name): \(header.value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// Trusts what the system trusts, or the file named by `SSL_CERT_FILE`.
    private func secureContext() throws(ExportError) -> OpaquePointer {
        if let context { return context }
        guard let made = SSL_CTX_new(TLS_client_method()), SSL_CTX_set_default_verify_paths(made) == 1,
            COpenSSL_SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION) == 1
        else { throw .encryption("OpenSSL has no context to give") }
        SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nil)
        context = made
        return made
    }
}
