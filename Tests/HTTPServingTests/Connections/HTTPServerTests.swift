import Foundation
import Glibc
import HTTPTypes
import Logging
import Synchronization
import Telemetry
import Testing

@testable import HTTPServing

struct ClosureHandler: HTTPHandler {
    let body: @Sendable (ServerRequest) async -> ServerResponse
    func respond(to request: ServerRequest) async -> ServerResponse { await body(request) }
}

/// Runs a server on a free port while `body` runs.
func withServer(
    configuration: HTTPConfiguration = HTTPConfiguration(),
    respond: @escaping @Sendable (ServerRequest) async -> ServerResponse,
    _ body: (Int, HTTPServer) async throws -> Void
) async throws {
    var configuration = configuration
    configuration.port = 0
    configuration.timeouts.granularity = .milliseconds(10)
    let server = HTTPServer(
        configuration: configuration,
        handler: ClosureHandler(body: respond),
        metrics: MetricsRegistry(),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    let port = try server.listen()
    let running = Task { try await server.run() }
    try await body(port, server)
    await server.shutDown(drain: .zero)
    try await running.value
}

@Sendable func echo(_ request: ServerRequest) async -> ServerResponse {
    guard let body = try? await request.body.collect() else { return ServerResponse(status: .badRequest) }
    return ServerResponse(status: .ok, body: .bytes(Array(request.path.utf8) + body))
}

@Suite(.serialized, .timeLimit(.minutes(1)))
struct HTTPServerTests {
    @Test(arguments: [1, 2, 3, 7, .max])
    func pipelinedRequestsAreAnsweredInOrder(_ size: Int) async throws {
        try await withServer(respond: echo) { port, _ in
            let client = TestClient(port: port)
            await client.send(
                "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"
                    + "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n12\r\n0\r\n\r\n"
                    + "GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                by: size
            )
            let text = await client.receive()
            client.close()
            let bodies = text.components(separatedBy: "\r\n\r\n").dropFirst().map { $0.prefix(5) }
            #expect(bodies.map { String($0.prefix { $0 != "H" }) } == ["/axyz", "/b12", "/c"])
            #expect(text.components(separatedBy: "Connection: close").count == 2)
        }
    }

    @Test func headHasTheFieldsOfGetAndNoBody() async throws {
        try await withServer(respond: echo) { port, _ in
            let client = TestClient(port: port)
            await client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\nX-Request-Id: me\r\nConnection: close\r\n\r\n")
            let text = await client.receive()
            client.close()
            #expect(text.contains("Content-Length: 4\r\n") && text.hasSuffix("\r\n\r\n"))
            #expect(text.contains("X-Request-Id: me\r\n") && text.contains("\r\nDate: "))
        }
    }

    @Test func aBodyIsInvitedOnlyWhenTheHandlerAsksForIt() async throws {
        let head = "Host: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        try await withServer(respond: { $0.path == "/no" ? ServerResponse(status: .unauthorized) : await echo($0) }) {
            port,
            _ in
            let client = TestClient(port: port)
            await client.send("POST /yes HTTP/1.1\r\n" + head)
            #expect(await client.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            await client.send("ok")
            #expect(await client.receive(until: "/yesok").hasPrefix("HTTP/1.1 200"))
            await client.send("POST /no HTTP/1.1\r\n" + head)
            let text = await client.receive()
            client.close()
            #expect(text.hasPrefix("HTTP/1.1 401") && text.contains("Connection: close"))
        }
    }

    @Test(arguments: [false, true])
    func aDepartingClientCancelsItsHandler(isStreaming: Bool) async throws {
        let (started, start) = AsyncStream<Void>.makeStream()
        let (cancelled, cancel) = AsyncStream<Void>.makeStream()
        let wait: @Sendable () async -> Void = {
            start.yield()
            try? await Task.sleep(for: .seconds(50))
            if Task.isCancelled { cancel.yield() }
        }
        try await withServer(respond: { _ in
            if isStreaming { return ServerResponse(status: .ok, body: .stream { _ in await wait() }) }
            await wait()
            return ServerResponse(status: .ok)
        }) { port, _ in
            let client = TestClient(port: port)
            await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for await _ in started { break }
            client.close()
            for await _ in cancelled { break }
        }
    }

    @Test func errorsOfTheParserAreAnsweredAndCloseTheConnection() async throws {
        try await withServer(respond: echo) { port, _ in
            let client = TestClient(port: port)
            await client.send("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let text = await client.receive()
            client.close()
            #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains(#""param":null"#))
            #expect(text.contains("X-Request-Id: ") && text.components(separatedBy: "HTTP/1.1 ").count == 2)
        }
    }

    @Test func aSlowHeadIsAnswered408() async throws {
        var configuration = HTTPConfiguration()
        configuration.timeouts.head = .milliseconds(50)
        try await withServer(configuration: configuration, respond: echo) { port, _ in
            let client = TestClient(port: port)
            await client.send("GET / HT")
            #expect(await client.receive().hasPrefix("HTTP/1.1 408 "))
            client.close()
        }
    }

    @Test func aReaderThatStallsLosesTheConnection() async throws {
        var configuration = HTTPConfiguration()
        configuration.timeouts.writeStall = .milliseconds(100)
        let (ended, end) = AsyncStream<Int>.makeStream()
        try await withServer(
            configuration: configuration,
            respond: { _ in
                ServerResponse(
                    status: .ok,
                    body: .stream { writer in
                        var count = 0
                        do {
                            while true { try await writer.write([UInt8](repeating: 65, count: 65536)); count += 1 }
                        } catch { end.yield(count) }
                    }
                )
            }
        ) { port, _ in
            let client = TestClient(port: port, receiveBuffer: 4096)
            await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for await count in ended {
                #expect(count * 65536 < 32 * 1024 * 1024)
                break
            }
            client.close()
        }
    }

    @Test func drainingFinishesWhatIsInFlightAndClosesTheIdle() async throws {
        let (started, start) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        try await withServer(respond: { _ in
            start.yield()
            for await _ in released { break }
            return ServerResponse(status: .ok)
        }) { port, server in
            let idle = TestClient(port: port)
            let busy = TestClient(port: port)
            await busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for await _ in started { break }
            async let down: Void = server.shutDown(drain: .seconds(20))
            #expect(await idle.receive() == "")
            idle.close()
            release.yield()
            let text = await busy.receive()
            #expect(text.hasPrefix("HTTP/1.1 200") && text.contains("Connection: close"))
            busy.close()
            await down
        }
    }

    @Test func connectionsOverTheLimitAreAnswered503() async throws {
        var configuration = HTTPConfiguration()
        configuration.limits.connections = 1
        configuration.timeouts.patienceWhenFull = .seconds(60)
        try await withServer(configuration: configuration, respond: echo) { port, _ in
            let first = TestClient(port: port)
            await first.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = await first.receive(until: "/a")
            let second = TestClient(port: port)
            #expect(await second.receive().hasPrefix("HTTP/1.1 503 "))
            first.close()
            second.close()
        }
    }

    @Test func whenAllAreTakenTheLongestSilentMakesRoom() async throws {
        var configuration = HTTPConfiguration()
        configuration.limits.connections = 2
        configuration.timeouts.patienceWhenFull = .zero
        try await withServer(configuration: configuration, respond: echo) { port, _ in
            let silent = TestClient(port: port)
            await silent.send("GET /a HTTP/1.1\r\n")
            let slow = TestClient(port: port)
            await slow.send("GET /b HTTP/1.1\r\nHost: a\r\n")
            for path in ["/c", "/d"] {
                let prompt = TestClient(port: port)
                await prompt.send("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(await prompt.receive().hasSuffix(path))
                prompt.close()
            }
            #expect(await silent.receive() == "")
            silent.close()
            slow.close()
        }
    }

    @Test func connectionsOverTheLimitOfOneAddressAreAnswered429() async throws {
        var configuration = HTTPConfiguration()
        configuration.limits.connectionsPerClient = 1
        try await withServer(configuration: configuration, respond: echo) { port, _ in
            let first = TestClient(port: port)
            await first.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = await first.receive(until: "/a")
            let second = TestClient(port: port)
            await second.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            let refusal = await second.receive()
            #expect(refusal.hasPrefix("HTTP/1.1 429 ") && refusal.contains("Retry-After: 1\r\n"))
            #expect(refusal.contains("Connection: close\r\n"))
            first.close()
            second.close()
        }
    }

    @Test func aPlaceThatBecameFreeIsGivenAgain() async throws {
        var configuration = HTTPConfiguration()
        configuration.limits.connectionsPerClient = 1
        try await withServer(configuration: configuration, respond: echo) { port, _ in
            for _ in 0..<20 {
                // The server sees a client go a moment after it has gone; until then the next is refused.
                var answer = ""
                while !answer.hasPrefix("HTTP/1.1 200 ") {
                    let client = TestClient(port: port)
                    await client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    answer = await client.receive()
                    client.close()
                }
            }
        }
    }

    @Test func noBodyIsInvitedWhereNoneCanFollow() async throws {
        try await withServer(respond: echo) { port, _ in
            let client = TestClient(port: port)
            await client.send("GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
            #expect(await client.receive().hasPrefix("HTTP/1.1 200 "))
            client.close()
        }
    }

    @Test(arguments: ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])
    func brokenChunksAreRefusedWhereNobodyAsksForThem(_ method: String) async throws {
        try await withServer(respond: { _ in ServerResponse(status: .ok) }) { port, _ in
            let head = "\(method) / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            let client = TestClient(port: port)
            await client.send(head + "1\r\na\r\n0\r\n\r\n" + head + "1\r\nab\r\n0\r\n\r\n")
            let answers = await client.receive().components(separatedBy: "HTTP/1.1 ").dropFirst()
            client.close()
            #expect(answers.map { $0.prefix(3) } == ["200", "400"])
        }
    }

    @Test func chunksThatNobodyAsksForHaveTheirTimeToo() async throws {
        var configuration = HTTPConfiguration()
        configuration.timeouts.body = .milliseconds(50)
        try await withServer(configuration: configuration, respond: echo) { port, _ in
            let client = TestClient(port: port)
            await client.send("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n")
            #expect(await client.receive().hasPrefix("HTTP/1.1 408 "))
            client.close()
        }
    }

    @Test func anErrorForHeadHasNoBody() async throws {
        try await withServer(respond: echo) { port, _ in
            for request in [
                "HEAD / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
            ] {
                let client = TestClient(port: port)
                await client.send(request)
                let text = await client.receive()
                #expect(text.hasPrefix("HTTP/1.1 4") && text.hasSuffix("\r\n\r\n"))
                client.close()
            }
        }
    }

    @Test func noDescriptorIsLeaked() async throws {
        let before = openDescriptors()
        try await withServer(respond: echo) { port, _ in
            for _ in 0..<200 {
                let client = TestClient(port: port)
                await client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                _ = await client.receive()
                client.close()
            }
        }
        // Dispatch keeps a few of its own, and closes sources' descriptors a moment later.
        #expect(openDescriptors() < before + 20)
    }

    @Test func aTakenPortIsNamed() async throws {
        try await withServer(respond: echo) { port, _ in
            var configuration = HTTPConfiguration()
            configuration.port = port
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let handler = ClosureHandler(body: echo)
            let metrics = MetricsRegistry()
            let other = HTTPServer(configuration: configuration, handler: handler, metrics: metrics, logger: logger)
            let error = #expect(throws: SocketError.self) { try other.listen() }
            #expect(error?.description == "port \(port) on 127.0.0.1 is already in use")
        }
    }

    private func openDescriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }
}
