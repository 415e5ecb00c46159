import HTTPTypes
import Testing

@testable import HTTPServing

/// What becomes of clients that are answered while they still send (RFC 9112 §9.6).
@Suite(.serialized, .timeLimit(.minutes(1)))
struct LingeringTests {
    private static let mebibyte = 1 << 20

    /// The head of a request, and as many bytes of its body.
    private static func request(body count: Int) -> [UInt8] {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n"
        return Array(head.utf8) + [UInt8](repeating: 65, count: count)
    }

    /// Answers without a look at the body.
    @Sendable private static func refuse(_ request: ServerRequest) async -> ServerResponse {
        ServerResponse(status: .unauthorized)
    }

    @Test(arguments: [7, 20])
    func aBodyThatIsRefusedUnreadIsTakenInToItsEnd(mebibytes: Int) async throws {
        try await withServer(respond: Self.refuse) { port, _ in
            let client = TestClient(port: port)
            let request = Self.request(body: mebibytes * Self.mebibyte)
            #expect(await client.send(bytes: request) == request.count)
            #expect(await client.receive().hasPrefix(mebibytes > 8 ? "HTTP/1.1 413 " : "HTTP/1.1 401 "))
            client.close()
        }
    }

    /// More is read than the limit only by what the buffers of both sides hold.
    @Test func aClientThatSendsTooMuchIsHeldUpAndNotReset() async throws {
        var configuration = HTTPConfiguration()
        configuration.limits.lingerBytes = Self.mebibyte
        configuration.timeouts.linger = .milliseconds(500)
        try await withServer(configuration: configuration, respond: Self.refuse) { port, _ in
            let client = TestClient(port: port)
            let start = ContinuousClock.now
            let sent = await client.send(bytes: Self.request(body: 64 * Self.mebibyte))
            #expect(ContinuousClock.now - start >= .milliseconds(500))
            #expect((Self.mebibyte..<48 * Self.mebibyte).contains(sent))
            #expect(await client.receive().hasPrefix("HTTP/1.1 413 "))
            client.close()
        }
    }

    @Test func aClientThatSendsOnForTooLongLosesTheConnection() async throws {
        var configuration = HTTPConfiguration()
        configuration.timeouts.linger = .seconds(3600)
        configuration.timeouts.longestLinger = .milliseconds(300)
        try await withServer(configuration: configuration, respond: Self.refuse) { port, _ in
            let client = TestClient(port: port)
            await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000000\r\n\r\n")
            #expect(await client.receive().hasPrefix("HTTP/1.1 413 "))
            // Each byte would have bought another hour.
            while await client.send(bytes: [65]) == 1 { await Task.yield() }
            client.close()
        }
    }

    @Test func whenAllPlacesAreTakenOneThatLingersMakesRoom() async throws {
        var configuration = HTTPConfiguration()
        configuration.limits.connections = 1
        configuration.timeouts.linger = .seconds(3600)
        configuration.timeouts.patienceWhenFull = .zero
        try await withServer(configuration: configuration, respond: echo) { port, _ in
            let lingering = TestClient(port: port)
            await lingering.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(await lingering.receive().hasSuffix("/a"))
            // The server begins to wait a moment after the client has its answer.
            var answer = ""
            while !answer.hasSuffix("/b") {
                let next = TestClient(port: port)
                await next.send("GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = await next.receive()
                next.close()
            }
            lingering.close()
        }
    }
}
