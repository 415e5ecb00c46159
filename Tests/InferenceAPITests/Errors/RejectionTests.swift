import Batching
import HTTPTypes
import Telemetry
import Testing

@testable import InferenceAPI

/// Requests that are refused before they reach the engine, as they are counted.
@Suite struct RejectionTests {
    private static func counted(_ client: APIClient) -> [String: Int] {
        let lines = String(decoding: client.metrics.exposition(.prometheusText), as: UTF8.self).split(separator: "\n")
        let pairs = lines.filter { $0.hasPrefix("switchyard_admission_rejections_total{") }.map { line in
            (String(line.split(separator: "\"")[1]), Int(line.split(separator: " ")[1]) ?? -1)
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    private static let noneYet = Dictionary(
        uniqueKeysWithValues: AdmissionRejections.Reason.allCases.map { ($0.rawValue, 0) }
    )

    @Test(arguments: [(Readiness.loading(progress: 0.5), "loading"), (.draining, "draining")])
    func whoeverComesBeforeTheModelIsCounted(readiness: Readiness, reason: String) async {
        let client = APIClient(.saying([1]), readiness: readiness, isLoaded: false)
        #expect(Self.counted(client) == Self.noneYet)
        for path in ["/v1/completions", "/v1/beam_search", "/v1/route"] {
            #expect(await client.post(path, #"{"prompt": "a"}"#).status == 503)
        }
        // These generate nothing.
        #expect(await client.post("/tokenize", #"{"prompt": "a"}"#).status == 503)
        #expect(await client.send(.get, "/v1/models").status == 503)
        #expect(Self.counted(client) == Self.noneYet.merging([reason: 3]) { $1 })
    }

    @Test func aKeyAtItsLimitIsCountedAndWhatIsWrongIsNot() async throws {
        let keys = KeyRing(try APIKeys("a ka tokens-per-minute=1", defaults: KeyLimits(), file: "keys"))
        let client = APIClient(.saying([3, 4, 1]), keys: keys)
        func complete(_ json: String) async -> Int {
            await client.send(
                .post,
                "/v1/completions",
                body: Array(json.utf8),
                fields: [.contentType: "application/json"],
                principal: "a"
            ).status
        }
        #expect(await complete(#"{"prompt": "a"}"#) == 200)
        #expect(await complete(#"{"prompt": "a"}"#) == 429)
        #expect(await complete(#"{"prompt": 5}"#) == 400)
        #expect(Self.counted(client) == Self.noneYet.merging(["rate_limit": 1]) { $1 })
    }

    /// The engine counts those itself.
    @Test func whatTheEngineRefusesIsNotCountedTwice() async {
        let engine = ScriptedEngine.saying([1])
        engine.fill(with: .draining)
        let client = APIClient(engine)
        #expect(await client.complete(#"{"prompt": "a"}"#).status == 503)
        #expect(Self.counted(client) == Self.noneYet)
    }
}
