import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

/// The names of the model, and the ways to write a path.
@Suite struct NamingTests {
    private func client(_ aliases: [String] = [], any: Bool = false) -> APIClient {
        var configuration = APIConfiguration()
        (configuration.modelAliases, configuration.acceptsAnyModel) = (aliases, any)
        return APIClient(.saying([3, 1]), configuration: configuration)
    }

    @Test(arguments: ["/v1/completions", "/v1/chat/completions", "/v1/responses"])
    func everyNameOfTheModelIsTakenAndTheFirstAnswers(path: String) async {
        let request = #""prompt": "a""#
        let body = path.contains("chat") ? #""messages": [{"role": "user", "content": "a"}]"# : #""input": "a""#
        for (name, aliases, any, status) in [
            ("google/switch-toy", [], false, 200), ("dummy", [], false, 404), ("dummy", ["tgi", "dummy"], false, 200),
            ("other", ["dummy"], false, 404), ("other", [], true, 200),
        ] as [(String, [String], Bool, Int)] {
            let own = path == "/v1/completions" ? request : body
            let answer = await client(aliases, any: any).post(path, #"{"model": "\#(name)", \#(own)}"#)
            #expect(answer.status == status, "\(answer.text)")
            if status == 200 { #expect(answer.json["model"] == .string("google/switch-toy")) }
        }
    }

    @Test func everyNameIsListed() async {
        let client = client(["b", "c"])
        let listed = await client.send(.get, "/v1/models").json["data"].items
        #expect(listed.map { $0["id"].asText } == ["google/switch-toy", "b", "c"])
        let one = await client.send(.get, "/v1/models/{id}", parameters: ["id": "c"])
        #expect(one.json == listed[2])
    }

    @Test func whereAnyNameIsTakenEachIsTheModels() async {
        for (any, status) in [(false, 404), (true, 200)] {
            let client = client(["b"], any: any)
            let answer = await client.send(.get, "/v1/models/{id}", parameters: ["id": "gpt-4"])
            #expect(answer.status == status)
            if any { #expect(answer.json["id"] == .string("google/switch-toy")) }
            #expect(await client.send(.get, "/v1/models/{id}", parameters: ["id": "b"]).json["id"] == .string("b"))
        }
    }

    @Test(arguments: [
        ("/v1/models/", "/v1/models"), ("/models", "/v1/models"), ("/models/", "/v1/models"),
        ("/models/google%2Fswitch-toy", "/v1/models/{id}"), ("/readyz/", "/readyz"),
    ])
    func aPathMayEndInASlashAndLackTheVersion(path: String, route: String) async {
        let response = await client().send(.get, path).response
        #expect(response.status == .ok && response.route == route)
    }

    @Test func otherPathsAreStillNone() async {
        for path in ["//", "/v1/models//", "/v2/models", "/v1", "/v1/", "/v1/v1/models"] {
            #expect(await client().send(.get, path).status == 404, "\(path)")
        }
        #expect(await client().send(.get, "/chat/completions").status == 405)
    }
}
