import HTTPTypes
import Testing

@testable import HTTPServing
@testable import InferenceAPI

@Suite struct CORSTests {
    private struct Inside: HTTPHandler {
        func respond(to request: ServerRequest) async -> ServerResponse {
            ServerResponse(status: .ok, fields: [.vary: "Accept-Encoding"])
        }
    }

    private func respond(_ method: HTTPRequest.Method, _ fields: HTTPFields) async throws -> ServerResponse {
        let policy = try CORSPolicy(origins: ["https://chat.example", "http://localhost:3000"])
        let request = ServerRequest(
            method: method,
            path: "/v1/completions",
            fields: fields,
            id: "r",
            body: RequestBody(read: { [] })
        )
        return await CORSHandler(policy: policy, handler: Inside()).respond(to: request)
    }

    @Test func aPreflightOfAnAllowedOriginIsAnswered() async throws {
        let response = try await respond(
            .options,
            [
                .origin: "https://chat.example", .accessControlRequestMethod: "POST",
                .accessControlRequestHeaders: "authorization,content-type,x-stainless-os",
            ]
        )
        #expect(response.status == .noContent)
        #expect(response.fields[.accessControlAllowOrigin] == "https://chat.example")
        #expect(response.fields[.accessControlAllowMethods]?.contains("POST") == true)
        #expect(response.fields[.accessControlAllowHeaders] == "authorization,content-type,x-stainless-os")
        #expect(response.fields[.accessControlMaxAge] == "7200")
        #expect(response.fields[.accessControlAllowCredentials] == nil)
        #expect(response.fields[.vary]?.contains("Origin") == true)
    }

    @Test(arguments: ["https://chat.example.evil", "https://chat.example:443", "http://chat.example", "null", "*", ""])
    func anotherOriginGetsNoLeave(origin: String) async throws {
        let preflight = try await respond(.options, [.origin: origin, .accessControlRequestMethod: "POST"])
        let plain = try await respond(.post, [.origin: origin])
        for response in [preflight, plain] {
            #expect(response.fields[.accessControlAllowOrigin] == nil)
            #expect(response.fields[.accessControlAllowHeaders] == nil)
            #expect(response.fields[.vary]?.contains("Origin") == true)
        }
    }

    @Test func anAllowedOriginMayReadTheAnswer() async throws {
        let response = try await respond(.post, [.origin: "http://localhost:3000"])
        #expect(response.fields[.accessControlAllowOrigin] == "http://localhost:3000")
        #expect(response.fields[.accessControlExposeHeaders]?.contains("X-Request-Id") == true)
        #expect(response.fields[values: .vary] == ["Accept-Encoding", "Origin"])
    }

    @Test func anOptionsRequestThatIsNoPreflightGoesThrough() async throws {
        #expect(try await respond(.options, [.origin: "https://chat.example"]).status == .ok)
    }

    @Test(arguments: [
        "*", "null", "chat.example", "https://", "https://a/", "https://a b", "ftp://a", "https://A.b", "https://u@a",
    ])
    func whatNoBrowserSendsIsNoOrigin(text: String) {
        #expect(throws: CORSOriginError.self) { try CORSPolicy(origins: ["https://a", text]) }
    }
}
