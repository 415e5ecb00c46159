import Batching
import Foundation
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Telemetry
import Testing

@testable import InferenceAPI

@Suite struct EndpointTests {
    let client = APIClient(.saying([3, 4, 1]))

    @Test func modelsAreListedAndFoundByID() async {
        let model = await client.send(.get, "/v1/models").json["data"][0]
        #expect(model["id"] == .string("google/switch-toy"))
        #expect(model["object"] == .string("model"))
        let one = await client.send(.get, "/v1/models/{id}", parameters: ["id": "google/switch-toy"])
        #expect(one.json == model)
        let other = await client.send(.get, "/v1/models/{id}", parameters: ["id": "other"])
        #expect(other.status == 404)
        #expect(other.error.code == "model_not_found")
    }

    @Test(arguments: [
        (Readiness.ready, 200, "ok"), (.loading(progress: 0.5), 503, "loading"), (.draining, 503, "draining"),
    ])
    func readinessIsToldAndLivenessDoesNotDependOnIt(readiness: Readiness, status: Int, name: String) async {
        let client = APIClient(.saying([1]), readiness: readiness, isLoaded: readiness == .ready)
        for path in ["/readyz", "/health"] {
            let answer = await client.send(.get, path)
            #expect(answer.status == status)
            #expect(answer.json["status"] == .string(name))
            #expect(answer.response.fields[.cacheControl] == "no-store")
        }
        #expect(await client.send(.get, "/readyz").json["reason"].asText == readiness.reason)
        let live = await client.send(.get, "/livez")
        #expect(live.status == 200)
        #expect(live.text == #"{"status":"ok"}"#)
    }

    @Test func theRootLeadsOnAndEchoes() async {
        let index = await client.send(.get, "/")
        #expect(index.json["name"] == .string("switchyard"))
        #expect(index.json["links"]["completions"] == .string("/v1/completions"))
        let bytes: [UInt8] = [0, 255, 13, 10, 60]
        let echo = await client.send(.post, "/", body: bytes, fields: [.contentType: "text/html"])
        #expect(echo.status == 200 && echo.body == bytes)
        // Not what the client called it: a browser would show it.
        #expect(echo.response.fields[.contentType] == "application/octet-stream")
        #expect(echo.response.fields[.xContentTypeOptions] == "nosniff")
    }

    @Test func answersOfAMomentAreNotKept() async {
        for (path, status) in [("/", 200), ("/v1/models", 200), ("/metrics", 200), ("/v1/completions/{id}", 405)] {
            let answer = await client.send(.get, path)
            #expect(answer.status == status && answer.response.fields[.cacheControl] == "no-store")
        }
    }

    @Test func textAndIDsTurnIntoEachOther() async {
        let tokens = await client.post("/tokenize", #"{"prompt": "the cat", "return_token_strs": true}"#).json
        #expect(tokens["tokens"].items.map(\.asInteger) == [3, 4, 1])
        #expect(tokens["count"] == .integer(3))
        #expect(tokens["token_strs"].items.map(\.asText) == ["▁the", "▁cat", "</s>"])
        #expect(await client.post("/detokenize", #"{"tokens": [3, 4, 1]}"#).json["prompt"] == .string("the cat"))
        let bare = await client.post("/tokenize", #"{"prompt": "the", "add_special_tokens": false}"#).json
        #expect(bare["tokens"].items.map(\.asInteger) == [3])
        #expect(bare["token_strs"] == .null)
    }

    @Test(arguments: [
        ("/tokenize", "{}", "prompt"), ("/tokenize", #"{"prompt": [1]}"#, "prompt"), ("/detokenize", "{}", "tokens"),
        ("/detokenize", #"{"tokens": "a"}"#, "tokens"), ("/detokenize", #"{"tokens": [42]}"#, "tokens"),
        ("/v1/beam_search", #"{"prompt": ["a", "b"]}"#, "prompt"),
        ("/v1/beam_search", #"{"prompt": "a", "stream": 1}"#, "stream"),
        ("/v1/beam_search", #"{"prompt": "a", "num_return_sequences": 5}"#, "num_return_sequences"),
        ("/v1/route", #"{"prompt": "a", "max_tokens": -1}"#, "max_tokens"),
    ])
    func wrongParametersAreNamed(path: String, json: String, parameter: String) async {
        let answer = await client.post(path, json)
        #expect(answer.status == 400)
        #expect(answer.error.param == parameter)
    }

    @Test func routesOfThePromptCostNoOutput() async {
        let json = await client.post("/v1/route", #"{"prompt": "the cat"}"#).json
        #expect(json["encoder"]["tokens"].items.map { $0["text"].asText } == ["the", " cat", "</s>"])
        #expect(json["encoder"]["layers"].items.map { $0["block"].asInteger } == [1, 3])
        #expect(json["encoder"]["layers"][0]["gates"].items.map(\.asNumber) == [0.75, 0.75, 0.75])
        #expect(json["encoder"]["layers"][0]["dropped"].items == [.bool(false), .bool(false), .bool(true)])
        #expect(json["decoder"] == .null)
        #expect(json["usage"]["completion_tokens"] == .integer(0))
        #expect(client.engine.requests[0].reportsRouting)
    }

    @Test func routesOfTheOutputComeWhenItIsGenerated() async {
        let json = await client.post("/v1/route", #"{"prompt": "the cat", "max_tokens": 2}"#).json
        #expect(json["text"] == .string("the cat"))
        #expect(json["decoder"]["tokens"].items.map { $0["id"].asInteger } == [3, 4])
        #expect(json["decoder"]["layers"][0]["experts"].items.map(\.asInteger) == [3, 0])
    }

    @Test func whatOthersWriteIsPassedOn() async {
        #expect(await client.send(.get, "/metrics").text == "metrics")
        #expect(await client.send(.get, "/metrics/experts").text == "expert metrics")
        #expect(await client.send(.get, "/openapi.yaml").text == "openapi: 3.1.0")
        #expect(await client.send(.get, "/version").json["name"] == .string("switchyard"))
    }

    @Test func theReportSumsUpTheLoadOfALayer() throws {
        let layer = ExpertLoad.Layer(stack: .decoder, block: 3, experts: 4)
        let load = LayerLoad(
            tokens: [6, 2, 0, 0],
            dropped: [1, 0, 0, 0],
            gateSums: [3, 1.5, 0, 0],
            entropySum: 4,
            topProbabilitySum: 6
        )
        let idle = LayerLoad(
            tokens: [0, 0, 0, 0],
            dropped: [0, 0, 0, 0],
            gateSums: [0, 0, 0, 0],
            entropySum: 0,
            topProbabilitySum: 0
        )
        let report = ExpertReport(layers: [.init(layer: layer, total: load, window: idle)], windowSeconds: 300)
        let json = JSONValue(parsing: JSONText.bytes(report))
        let total = json["decoder"][0]["total"]
        #expect(total["share"].items.map(\.asNumber) == [0.75, 0.25, 0, 0])
        #expect(total["mean_gate"] == .array([.real(0.5), .real(0.75), .null, .null]))
        #expect(total["imbalance"].asNumber == 3)
        #expect(abs((total["mean_router_entropy"].asNumber ?? 0) - 4 / 9) < 1e-6)
        #expect(abs((total["mean_top_probability"].asNumber ?? 0) - 6 / 9) < 1e-6)
        #expect(total["dead_experts"] == .integer(2))
        #expect(abs((total["normalized_entropy"].asNumber ?? 0) - 0.405639) < 1e-6)
        #expect(json["decoder"][0]["window"]["imbalance"] == .null)
        #expect(json["encoder"] == .array([]))
    }

    @Test(arguments: [
        ("/v1/score", "no /v1/score"), ("/score/", "no /score"), ("/v1/generate", "no /v1/generate"),
        ("/api/generate", "nothing below /api/"),
        ("/v2/document", "no /v2/document"), ("/nowhere", "There is nothing at this path."),
    ])
    func aPathOfAnotherServerIsToldWhatThisOneHas(path: String, words: String) async {
        let answer = await APIClient(.saying([1])).send(.post, path)
        #expect(answer.status == 404)
        #expect(answer.error.code == "not_found" && answer.error.message.contains(words), "\(answer.text)")
    }

    @Test func everyRouteIsDescribedAndEveryDescriptionIsARoute() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../openapi.yaml")
        var described: Set<String> = []
        var path = ""
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            if line == "components:" { break }
            if line.hasPrefix("  /"), line.hasSuffix(":") { path = String(line.dropFirst(2).dropLast()) }
            if let method = ["get", "post", "put", "delete"].first(where: { line == "    \($0):" }) {
                described.insert("\(method.uppercased()) \(path)")
            }
        }
        #expect(described == Set(client.routes.routes.map { "\($0.method) \($0.template)" }))
        #expect(client.routes.routes.count == 37)
    }
}
