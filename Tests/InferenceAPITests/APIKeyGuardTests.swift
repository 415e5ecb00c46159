import HTTPTypes
import Testing

@testable import HTTPServing
@testable import InferenceAPI

@Suite struct APIKeyGuardTests {
    private struct Door: HTTPHandler {
        func respond(to request: ServerRequest) async -> ServerResponse { ServerResponse(status: .ok) }
    }

    private func status(_ path: String, _ authorization: String?, method: HTTPRequest.Method = .get) async -> Int {
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
        return await APIKeyGuard(keys: ["sk-one", "sk-two"], handler: Door()).respond(to: request).status.code
    }

    @Test(arguments: ["Bearer sk-one", "bearer sk-two", "BEARER sk-one"])
    func aKnownKeyOpens(authorization: String) async {
        #expect(await status("/v1/models", authorization) == 200)
    }

    @Test(arguments: [nil, "", "Bearer", "Bearer ", "Bearer SK-ONE", "Bearer sk-on", "Bearer sk-one2", "Basic sk-one"])
    func anythingElseDoesNot(authorization: String?) async {
        #expect(await status("/v1/models", authorization) == 401)
        #expect(await status("/metrics", authorization) == 401)
    }

    @Test func healthAndPreflightNeedNoKey() async {
        for path in ["/livez", "/readyz", "/health"] { #expect(await status(path, nil) == 200) }
        #expect(await status("/v1/models", nil, method: .options) == 200)
    }

    @Test func theRefusalSaysWhatIsExpected() {
        let response = APIError.invalidKey.response
        #expect(response.fields[.wwwAuthenticate] == "Bearer")
        #expect(response.status.code == 401)
    }
}
