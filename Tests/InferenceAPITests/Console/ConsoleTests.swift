import Batching
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct ConsoleTests {
    @Test(
        arguments: [
            (nil, false), ("", false), ("*/*", false), ("application/json", false),
            ("application/json, text/html", false),
            ("text/html;q=0.5, application/json", false), ("text/html;q=0", false), ("text/*", false),
            ("text/html", true), ("TEXT/HTML", true), ("text/html, */*;q=0.8", true),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true),
            ("text/html;q=0.5, */*;q=0.8", false), ("text/html, application/*;q=0.2", true),
            ("application/json;q=0.5, text/html;q=0.9", true), ("text/html;q=x", false), (",;,", false),
        ] as [(String?, Bool)]
    )
    func thePageIsForWhoNamesIt(accept: String?, wantsPage: Bool) {
        #expect(PagePreference(accept: accept).wantsPage == wantsPage)
    }

    @Test func browsersGetThePageAndEveryoneElseJSON() async {
        let client = APIClient(.saying([1]), isLoaded: false)
        let page = await client.send(.get, "/", fields: [.accept: "text/html,*/*;q=0.8"])
        #expect(page.text == "<!doctype html>")
        #expect(page.response.fields[.contentType] == "text/html; charset=utf-8")
        let json = await client.send(.get, "/", fields: [.accept: "*/*"])
        #expect(json.json["name"] == .string("switchyard"))
        for answer in [page, json] { #expect(answer.response.fields[.vary] == "Accept") }
    }

    @Test func itsFilesAreTypedAndMayReachNobodyElse() async {
        let client = APIClient(.saying([1]))
        let file = await client.send(.get, "/console/{file}", parameters: ["file": "main.js"])
        #expect(file.status == 200 && file.text == "export {}")
        #expect(file.response.fields[.contentType] == "text/javascript; charset=utf-8")
        #expect(file.response.fields[.xContentTypeOptions] == "nosniff")
        let policy = file.response.fields[.contentSecurityPolicy] ?? ""
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self';"))
        #expect(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains("*"))
        for name in ["", "other.js", "../main.js", "main.js/", "index"] {
            let missing = await client.send(.get, "/console/{file}", parameters: ["file": name])
            #expect(missing.status == 404 && missing.error.code == "not_found")
        }
    }

    private struct Door: HTTPHandler {
        func respond(to request: ServerRequest) async -> ServerResponse { ServerResponse(status: .ok) }
    }

    @Test(
        arguments: [
            (.get, "/", "text/html", 200), (.head, "/", "text/html", 200), (.get, "/console/main.js", "*/*", 200),
            (.get, "/", "*/*", 401), (.post, "/", "text/html", 401), (.post, "/console/main.js", "*/*", 401),
            (.get, "/v1/models", "text/html", 401), (.get, "/consoles", "*/*", 401), (.get, "//", "text/html", 401),
        ] as [(HTTPRequest.Method, String, String, Int)]
    )
    func thePageNeedsNoKeyAndNothingElseIsOpenedByIt(
        method: HTTPRequest.Method,
        path: String,
        accept: String,
        status: Int
    ) async throws {
        let keys = try APIKeys("sk-one", defaults: KeyLimits(), file: "keys")
        let door = APIKeyGuard(keys: KeyRing(keys), openPaths: APIKeyGuard.probes, handler: Door())
        let request = ServerRequest(
            method: method,
            path: path,
            query: nil,
            fields: [.accept: accept],
            id: "req-1",
            body: RequestBody(read: { [] })
        )
        #expect(await door.respond(to: request).status.code == status)
    }
}
