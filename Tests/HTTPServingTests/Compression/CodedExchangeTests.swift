import Foundation
import HTTPTypes
import Testing

@testable import HTTPServing

/// Content codings through a running server, over bare sockets.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct CodedExchangeTests {
    private let text = String(repeating: "A man is riding a bicycle. ", count: 100)

    private func request(_ method: String, _ fields: String, _ body: [UInt8] = []) -> [UInt8] {
        Array("\(method) / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)\r\n".utf8) + body
    }

    @Test func headSaysWhatGetWould() async throws {
        let text = text
        try await withServer(respond: { _ in
            ServerResponse(status: .ok, fields: [.contentType: "text/plain"], body: .bytes(Array(text.utf8)))
        }) { port, _ in
            var lengths: [String] = []
            for method in ["GET", "HEAD"] {
                let client = TestClient(port: port)
                await client.send(bytes: request(method, "Accept-Encoding: gzip\r\n"))
                let answer = await client.receive()
                client.close()
                #expect(answer.contains("Content-Encoding: gzip\r\n") && answer.contains("Vary: Accept-Encoding\r\n"))
                lengths += answer.components(separatedBy: "\r\n").filter { $0.hasPrefix("Content-Length: ") }
            }
            #expect(lengths.count == 2 && lengths[0] == lengths[1])
        }
    }

    @Test(arguments: [1, 50, .max], [true, false])
    func aPackedBodyIsUnpackedAsItComes(size: Int, isChunked: Bool) async throws {
        let packed = try #require(GzipEncoder.encode(Array(text.utf8)))
        let framing = isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(packed.count)\r\n"
        let chunks = packed.flatMap { ResponseEncoder.chunk([$0]) } + ResponseEncoder.lastChunk
        try await withServer(respond: echo) { port, _ in
            let client = TestClient(port: port)
            let fields = framing + "Content-Encoding: x-gzip\r\n"
            await client.send(bytes: request("POST", fields, isChunked ? chunks : packed), by: size)
            #expect(await client.receive().hasSuffix("\r\n\r\n/" + text))
            client.close()
        }
    }

    @Test func whyABodyCannotBeHadIsTold() async throws {
        let packed = try #require(GzipEncoder.encode(Array(text.utf8)))
        let dense = try #require(GzipEncoder.encode([UInt8](repeating: 0, count: 1 << 20)))
        let cases: [(String, [UInt8], RequestBodyError)] = [
            ("gzip", Array(packed.dropLast()), .malformedCoding), ("gzip", Array("hello".utf8), .malformedCoding),
            ("gzip", dense, .tooDense(ratio: 100)), ("br", packed, .unsupportedCoding),
            ("gzip, gzip", packed, .unsupportedCoding),
        ]
        try await withServer(respond: { request in
            do throws(RequestBodyError) {
                _ = try await request.body.collect()
                return ServerResponse(status: .ok)
            } catch {
                return ServerResponse(status: .badRequest, body: .bytes(Array("\(error)".utf8)))
            }
        }) { port, _ in
            for (coding, body, error) in cases {
                let client = TestClient(port: port)
                let fields = "Content-Encoding: \(coding)\r\nContent-Length: \(body.count)\r\n"
                await client.send(bytes: request("POST", fields, body))
                #expect(await client.receive().hasSuffix("\r\n\r\n\(error)"))
                client.close()
            }
        }
    }

    /// What nobody asked for is never unpacked.
    @Test func aBodyLeftUnreadIsPassedOver() async throws {
        let garbage = [UInt8](repeating: 7, count: 100)
        try await withServer(respond: { request in
            ServerResponse(status: .ok, body: .bytes(Array(request.path.utf8)))
        }) { port, _ in
            let client = TestClient(port: port)
            let fields = "Content-Encoding: gzip\r\nContent-Length: 100\r\n"
            await client.send(bytes: Array("POST /a HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8) + garbage)
            await client.send("GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let answer = await client.receive()
            client.close()
            #expect(answer.components(separatedBy: "HTTP/1.1 200 ").count == 3 && answer.hasSuffix("/b"))
        }
    }
}
