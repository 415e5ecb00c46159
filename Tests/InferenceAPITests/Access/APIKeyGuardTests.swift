import HTTPTypes
import Testing

@testable import HTTPServing
@testable import InferenceAPI

@Suite struct APIKeyGuardTests {
    private struct Door: HTTPHandler {
        func respond(to request: ServerRequest) async -> ServerResponse { ServerResponse(status: .ok) }
    }

    private func status(
        _ path: String,
        _ authorization: String?,
        method: HTTPRequest.Method = .get,
        open: Set<String> = []
    ) async throws -> Int {
        var fields = HTTPFields()
        fields[.authorization] = authorization
        let request = ServerRequest(
            method: method,
            path: path,
            query: nil,
            fields: fields,
            id: "req-1",
            body: RequestBody(read: { [] })
        )
        let keys = try APIKeys("sk-one\nsk-two", defaults: KeyLimits(), file: "keys")
        let door = APIKeyGuard(keys: KeyRing(keys), openPaths: APIKeyGuard.probes.union(open), handler: Door())
        return await door.respond(to: request).status.code
    }

    @Test(arguments: ["Bearer sk-one", "bearer sk-two", "BEARER sk-one"])
    func aKnownKeyOpens(authorization: String) async throws {
        #expect(try await status("/v1/models", authorization) == 200)
    }

    @Test(arguments: [nil, "", "Bearer", "Bearer ", "Bearer SK-ONE", "Bearer sk-on", "Bearer sk-one2", "Basic sk-one"])
    func anythingElseDoesNot(authorization: String?) async throws {
        #expect(try await status("/v1/models", authorization) == 401)
        #expect(try await status("/metrics", authorization) == 401)
    }

    @Test func healthAndPreflightNeedNoKey() async throws {
        for path in ["/livez", "/readyz", "/health", "/livez/", "/readyz/", "/health/"] {
            #expect(try await status(path, nil) == 200)
        }
        for path in ["/livez//", "//livez", "/livez/x", "/metrics/"] { #expect(try await status(path, nil) == 401) }
        #expect(try await status("/v1/models", nil, method: .options) == 200)
    }

    @Test func metricsNeedNoKeyWhenTheyArePublic() async throws {
        for path in ["/metrics", "/metrics/experts", "/metrics/", "/metrics/experts/"] {
            #expect(try await status(path, nil, open: APIKeyGuard.metrics) == 200)
        }
        #expect(try await status("/v1/models", nil, open: APIKeyGuard.metrics) == 401)
    }

    @Test func theRefusalSaysWhatIsExpected() {
        let response = APIError.invalidKey.response
        #expect(response.fields[.wwwAuthenticate] == "Bearer")
        #expect(response.status.code == 401)
    }
}
