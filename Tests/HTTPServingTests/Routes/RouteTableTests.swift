import HTTPTypes
import Testing

@testable import HTTPServing

struct RouteTableTests {
    private func answer(_ method: HTTPRequest.Method, _ path: String) async -> ServerResponse {
        var table = RouteTable()
        table.on(.get, "/models/{id}") { ServerResponse(status: .ok, body: .bytes(Array($0.parameters["id"]!.utf8))) }
        table.on(.get, "/models/all") { _ in ServerResponse(status: .accepted) }
        table.on(.post, "/models/all") { _ in ServerResponse(status: .created) }
        let body = RequestBody { () async throws(RequestBodyError) in [] }
        return await table.respond(to: ServerRequest(method: method, path: path, id: "1", body: body))
    }

    @Test func parametersAreDecodedAfterRouting() async {
        let response = await answer(.get, "/models/a%2Fb")
        guard case .bytes(let bytes) = response.body else { return }
        #expect(String(decoding: bytes, as: UTF8.self) == "a/b")
        #expect(response.route == "/models/{id}")
    }

    @Test func literalsWinOverParameters() async {
        #expect(await answer(.get, "/models/all").status == .accepted)
        #expect(await answer(.head, "/models/all").status == .accepted)
    }

    @Test func whatDoesNotFitIsRefused() async {
        #expect(await answer(.get, "/models/").status == .notFound)
        #expect(await answer(.get, "/models/%zz").status == .notFound)
        #expect(await answer(HTTPRequest.Method("BREW")!, "/models/all").status == .notImplemented)
        #expect(await answer(HTTPRequest.Method("QUERY")!, "/models/all").status == .methodNotAllowed)
        let response = await answer(.delete, "/models/all")
        #expect(response.status == .methodNotAllowed)
        #expect(response.fields[.allow] == "GET, HEAD, OPTIONS, POST")
        #expect(await answer(.options, "*").status == .noContent)
        #expect(await answer(.options, "/models/all").fields[.allow] == "GET, HEAD, OPTIONS, POST")
    }
}
