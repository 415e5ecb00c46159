import HTTPTypes
import Synchronization
import Telemetry
import Testing

@testable import HTTPServing

/// Keeps the records it is told.
private final class Records: RequestObserver {
    private let (stream, continuation) = AsyncStream.makeStream(of: RequestRecord.self)

    func wants(route: String?) -> Bool { route != "/quiet" }

    func finished(_ record: RequestRecord) { continuation.yield(record) }

    func next() async -> RequestRecord? { await stream.first { _ in true } }
}

@Suite(.serialized, .timeLimit(.minutes(1)))
struct RequestObserverTests {
    private func observed(
        _ text: String,
        respond: @escaping @Sendable (ServerRequest) async -> ServerResponse,
        client act: (TestClient) async -> Void = { _ = await $0.receive() }
    ) async throws -> RequestRecord? {
        let records = Records()
        var configuration = HTTPConfiguration()
        configuration.observers = [records]
        var record: RequestRecord?
        try await withServer(configuration: configuration, respond: respond) { port, _ in
            let client = TestClient(port: port)
            await client.send(text)
            await act(client)
            record = await records.next()
            client.close()
        }
        return record
    }

    @Test func aRecordSaysWhatHappened() async throws {
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let record = try await observed(
            "POST /echo?secret=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: me\r\nUser-Agent: curl\r\n"
                + "traceparent: \(traceparent)\r\nContent-Length: 3\r\nConnection: close\r\n\r\nxyz",
            respond: { request in
                request.trace.set(.init(log: "prompt_tokens"), .integer(5))
                var response = await echo(request)
                response.route = "/{any}"
                return response
            }
        )
        let found = try #require(record)
        #expect(found.trace.id == "me")
        #expect(found.trace.parent?.traceparent == traceparent)
        #expect(found.trace.attributes.map(\.value) == [.integer(5)])
        #expect((found.method, found.route, found.path) == ("POST", "/{any}", "/echo"))
        #expect((found.status, found.requestBytes, found.responseBytes) == (200, 3, 8))
        #expect((found.remote, found.userAgent, found.end) == ("127.0.0.1", "curl", .complete))
        #expect(found.duration > .zero)
    }

    @Test func aRouteNobodyWantsIsNotTold() async throws {
        let head = " HTTP/1.1\r\nHost: a\r\n\r\n"
        let record = try await observed(
            "GET /first" + head + "GET /second" + head,
            respond: { request in
                var response = ServerResponse(status: .ok)
                response.route = request.path == "/first" ? "/quiet" : "/loud"
                return response
            },
            client: { _ in }
        )
        #expect(record?.path == "/second")
    }

    @Test func aRequestThatCannotBeReadIsToldToo() async throws {
        let record = try await observed("GET /\r\n\r\n", respond: echo)
        let found = try #require(record)
        #expect((found.method, found.path, found.status) == (nil, nil, 400))
        #expect(found.responseBytes > 0 && found.trace.id.count == 32)
    }

    @Test func aStreamCountsThePiecesWithoutTheirFraming() async throws {
        let record = try await observed(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            respond: { _ in
                ServerResponse(
                    status: .ok,
                    body: .stream { writer in for _ in 0..<3 { try await writer.write([1, 2, 3, 4]) } }
                )
            }
        )
        #expect(record?.responseBytes == 12 && record?.end == .complete)
    }

    @Test func aClientThatLeavesAStreamIsSaidToHaveLeft() async throws {
        let record = try await observed(
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            respond: { _ in
                ServerResponse(
                    status: .ok,
                    body: .stream { writer in
                        while true {
                            try await writer.write([65])
                            await Task.yield()
                        }
                    }
                )
            },
            client: { client in
                _ = await client.receive(until: "A")
                client.shutDownWriting()
            }
        )
        #expect(record?.status == 200 && record?.end == .clientLeft)
    }

    @Test func aClientThatLeavesBeforeTheAnswerIsSaidToHaveLeft() async throws {
        let record = try await observed(
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            respond: { _ in
                try? await Task.sleep(for: .seconds(60))
                return ServerResponse(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
            },
            client: { $0.shutDownWriting() }
        )
        #expect(record?.status == 499 && record?.end == .clientLeft)
    }
}
