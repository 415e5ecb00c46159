import COpenSSL
import Foundation
import Glibc
import Logging
import Telemetry
import Testing

@testable import HTTPServing

@Suite(.serialized, .timeLimit(.minutes(1)))
struct TLSServerTests {
    /// Runs a server with TLS on a free port while `body` runs.
    private func withServer(
        _ configure: (inout HTTPConfiguration) -> Void = { _ in },
        _ body: (Int, HTTPServer, MetricsRegistry) async throws -> Void
    ) async throws {
        let files = try TestCertificate()
        var configuration = HTTPConfiguration()
        configuration.port = 0
        configuration.timeouts.granularity = .milliseconds(10)
        configuration.tls = try TLSIdentity(certificate: files.certificate, key: files.key)
        configure(&configuration)
        let registry = MetricsRegistry()
        let server = HTTPServer(
            configuration: configuration,
            handler: ClosureHandler(body: echo),
            metrics: registry,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let port = try server.listen()
        let running = Task { try await server.run() }
        try await body(port, server, registry)
        await server.shutDown(drain: .zero)
        try await running.value
    }

    /// Sends one request through TLS and reads to the end; the text is nil unless the server said that it is the end.
    private func exchange(_ request: String, port: Int) async -> String? {
        let client = TestClient(port: port)
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                defer { client.close() }
                let context = SSL_CTX_new(TLS_client_method())
                let ssl = SSL_new(context)
                SSL_CTX_free(context)
                defer { SSL_free(ssl) }
                SSL_set_fd(ssl, client.descriptor)
                guard SSL_connect(ssl) == 1 else { return continuation.resume(returning: nil) }
                let bytes = Array(request.utf8)
                SSL_write(ssl, bytes, Int32(bytes.count))
                var all: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65536)
                while true {
                    let count = SSL_read(ssl, &buffer, Int32(buffer.count))
                    if count > 0 { all += buffer[..<Int(count)] } else { break }
                }
                let isEnd = SSL_get_error(ssl, 0) == SSL_ERROR_ZERO_RETURN
                continuation.resume(returning: isEnd ? String(decoding: all, as: UTF8.self) : nil)
            }
        }
    }

    private func count(_ result: String, in registry: MetricsRegistry) -> Bool {
        let text = String(decoding: registry.exposition(.prometheusText), as: UTF8.self)
        return text.contains(#"switchyard_http_connections_total{result="\#(result)"} 1"#)
    }

    @Test func aRequestIsAnsweredAndTheEndIsTold() async throws {
        try await withServer { port, _, registry in
            let text = await exchange("GET /abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: port)
            #expect(text?.hasPrefix("HTTP/1.1 200 ") == true && text?.hasSuffix("\r\n\r\n/abc") == true)
            let metrics = String(decoding: registry.exposition(.prometheusText), as: UTF8.self)
            #expect(metrics.contains(#"switchyard_tls_handshakes_total{version="TLSv1.3",resumed="false"} 1"#))
        }
    }

    @Test func aBodyLargerThanTheBufferComesWhole() async throws {
        try await withServer {
            $0.limits.headBytes = 1024
            $0.limits.bufferedBytes = 1024
        } _: { port, _, _ in
            let body = String(repeating: "0123456789abcdef", count: 20_000)
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
            let text = await exchange(head + body, port: port)
            #expect(text?.hasSuffix("\r\n\r\n/" + body) == true)
        }
    }

    @Test func aHandshakeThatNeverEndsIsCut() async throws {
        try await withServer {
            $0.timeouts.handshake = .milliseconds(50)
            $0.timeouts.head = .seconds(50)
        } _: { port, _, registry in
            let client = TestClient(port: port)
            await client.send("\u{16}\u{3}\u{1}\u{2}")
            #expect(await client.receive() == "")
            client.close()
            #expect(count("timeout", in: registry))
        }
    }

    @Test func plainHTTPIsToldToComeBackWithTLS() async throws {
        try await withServer { port, _, registry in
            let client = TestClient(port: port)
            await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let text = await client.receive()
            client.close()
            #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains("must begin with https"))
            #expect(count("tls_failed", in: registry))
        }
    }

    @Test func drainingEndsHandshakes() async throws {
        try await withServer { port, server, _ in
            let client = TestClient(port: port)
            async let down: Void = server.shutDown(drain: .seconds(20))
            #expect(await client.receive() == "")
            await down
            client.close()
        }
    }
}
