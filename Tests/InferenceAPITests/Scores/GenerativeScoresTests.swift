import Batching
import Foundation
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct GenerativeScoresTests {
    /// The first label has probability 0.5, each after it half of that, and every token of a continuation 0.25.
    ///
    /// Requests are told apart by the length of their prompts: labels of longer ones are as much less probable.
    static func engine(limits: EngineLimits = EngineLimits()) -> ScriptedEngine {
        ScriptedEngine(limits: limits) { request, _ in
            guard case .scoring(let scored) = request.strategy else { return [.failed(.cancelled)] }
            let labels = scored.labels.indices.map { log(Float(1) / Float(2 << $0) / Float(request.prompt.count)) }
            let continuations = scored.continuations.map { $0.map { _ in log(Float(0.25)) } }
            return [
                .encoded(routes: []), .scores(PromptScores(labels: labels, continuations: continuations)),
                .completed(GenerationTimings()),
            ]
        }
    }

    private let client = APIClient(engine())

    private func score(_ json: String) async -> Answer { await client.post("/v1/generative-scores", json) }

    private var prompts: [[Int32]] { client.engine.requests.map(\.prompt) }

    @Test func everyItemHasTheProbabilityOfEveryLabel() async {
        let answer = await score(#"{"query": "the", "items": ["cat", "mat"], "label_token_ids": [5, 7]}"#)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json.names == ["created", "id", "model", "object", "results", "usage"])
        #expect(answer.json["id"].asText?.hasPrefix("generative-score-") == true)
        #expect(answer.json["object"] == .string("generative_score"))
        #expect(answer.json["results"].items.map { $0["index"] } == [.integer(0), .integer(1)])
        let probabilities = answer.json["results"][0]["token_probs"]
        #expect(probabilities.names == ["5", "7"])
        #expect(abs((probabilities["5"].asNumber ?? 0) - 2.0 / 3) < 1e-6)
        #expect(abs((probabilities["7"].asNumber ?? 0) - 1.0 / 3) < 1e-6)
        // The end token comes once, behind both.
        #expect(prompts == [[3, 4, 1], [3, 7, 1]])
        #expect(answer.json["usage"]["prompt_tokens"] == .integer(6))
        #expect(answer.json["usage"]["completion_tokens"] == .integer(0))
    }

    @Test func withoutSoftmaxTheyAreSharesOfTheVocabulary() async {
        let json = #"{"query": [3], "items": [[4], [5, 6, 7]], "label_token_ids": [5, 7], "apply_softmax": false}"#
        let answer = await score(json)
        let found = answer.json["results"].items.map { $0["token_probs"]["5"].asNumber ?? 0 }
        #expect(found.count == 2 && abs(found[0] - 0.25) < 1e-6 && abs(found[1] - 0.125) < 1e-6)
        #expect(prompts == [[3, 4], [3, 5, 6, 7]])
    }

    @Test func itemsComeFirstAndWithoutSpecialTokensWhereAsked() async {
        let labels = #""label_token_ids": [5, 5]"#
        _ = await score(#"{"query": "the", "items": ["cat"], "item_first": true, \#(labels)}"#)
        _ = await score(#"{"query": "the", "items": ["cat"], "add_special_tokens": false, \#(labels)}"#)
        #expect(prompts == [[4, 3, 1], [3, 4]])
        #expect(client.engine.requests[0].strategy == .scoring(ScoredTokens(labels: [5])))
    }

    @Test func continuationsOfEveryPromptAreScoredTokenByToken() async {
        let answer = await score(#"{"query": "the", "continuations": ["cat sat", [7], "mat"], "add_end_token": true}"#)
        let result = answer.json["results"][0]
        #expect(answer.json["results"].count == 1 && result["token_probs"] == .object([:]))
        let continuations = result["continuations"].items
        #expect(continuations.map { $0["token_ids"].items.map(\.asInteger) } == [[4, 5, 1], [7], [7, 1]])
        #expect(continuations[0]["token_logprobs"].count == 3)
        #expect(abs((continuations[0]["cumulative_logprob"].asNumber ?? 0) - 3 * log(0.25)) < 1e-5)
        #expect(answer.json["usage"]["completion_tokens"] == .integer(6))
        let scored = ScoredTokens(continuations: [[4, 5, 1], [7], [7, 1]])
        #expect(client.engine.requests.map(\.strategy) == [.scoring(scored)])
    }

    @Test func theOtherShapeHasTheFirstLabelAlone() async {
        let json = #"{"query": "the", "items": ["cat"], "label_token_ids": [5, 7]}"#
        let answer = await client.post("/generative_scoring", json)
        #expect(answer.json["object"] == .string("list"))
        let entry = answer.json["data"][0]
        #expect(entry.names == ["index", "object", "score"] && entry["object"] == .string("score"))
        #expect(abs((entry["score"].asNumber ?? 0) - 2.0 / 3) < 1e-6)
    }

    @Test(arguments: [
        (#"{"items": ["a"], "label_token_ids": [1]}"#, "query"),
        (#"{"query": 7, "items": ["a"], "label_token_ids": [1]}"#, "query"),
        (#"{"query": [42], "items": ["a"], "label_token_ids": [1]}"#, "query"),
        (#"{"query": "a", "label_token_ids": [1]}"#, "items"),
        (#"{"query": "a", "items": [], "label_token_ids": [1]}"#, "items"),
        (#"{"query": "a", "items": "b", "label_token_ids": [1]}"#, "items"),
        (#"{"query": "a", "items": [1], "label_token_ids": [1]}"#, "items"),
        (#"{"query": "a", "items": [[-1]], "label_token_ids": [1]}"#, "items"),
        (#"{"query": "a", "items": [[1.5]], "label_token_ids": [1]}"#, "items"),
        (#"{"query": [], "items": [[]], "label_token_ids": [1]}"#, "items"),
        (#"{"query": "a", "items": ["a"]}"#, "label_token_ids"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": []}"#, "label_token_ids"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": "1"}"#, "label_token_ids"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": [42]}"#, "label_token_ids"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": [1e300]}"#, "label_token_ids"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": [99999999999999999999]}"#, "label_token_ids"),
        (#"{"query": "a", "continuations": []}"#, "continuations"),
        (#"{"query": "a", "continuations": "b"}"#, "continuations"),
        (#"{"query": "a", "continuations": [""], "items": null}"#, "continuations"),
        (#"{"query": "a", "continuations": [[]]}"#, "continuations"),
        (#"{"query": "a", "continuations": [[42]]}"#, "continuations"),
        (#"{"query": "a", "continuations": [7]}"#, "continuations"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": [1], "apply_softmax": 1}"#, "apply_softmax"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": [1], "item_first": "no"}"#, "item_first"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": [1], "add_special_tokens": []}"#, "add_special_tokens"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": [1], "add_end_token": 0}"#, "add_end_token"),
        (#"{"query": "a", "items": ["a"], "label_token_ids": [1], "timeout": 0}"#, "timeout"),
    ])
    func whatIsWrongIsNamed(json: String, parameter: String) async {
        let answer = await score(json)
        #expect(answer.status == 400 && answer.error.param == parameter, "\(answer.text)")
        #expect(answer.error.message.contains("'\(parameter)'"))
        #expect(client.engine.requests.isEmpty)
    }

    @Test func limitsHoldToTheElement() async {
        var limits = EngineLimits()
        (limits.maximumInputTokens, limits.maximumOutputTokens) = (4, 3)
        var configuration = APIConfiguration()
        (configuration.maximumScoredItems, configuration.maximumLabels) = (2, 2)
        configuration.maximumContinuations = 2
        configuration.maximumPrompts = 1
        configuration.maximumBytesPerToken = 2
        let client = APIClient(Self.engine(limits: limits), configuration: configuration)
        let most = #""query": [3, 4], "items": [[5, 6], [7]], "label_token_ids": [1, 2]"#
        let continuations = #""continuations": [[1, 2, 3], "cat"]"#
        let accepted = await client.post("/v1/generative-scores", "{\(most), \(continuations)}")
        #expect(accepted.status == 200, "\(accepted.text)")
        for (json, parameter, code) in [
            (#"{"query": [3], "items": [[4], [4], [4]], "label_token_ids": [1]}"#, "items", "invalid_parameter"),
            (#"{"query": [3], "items": [[4]], "label_token_ids": [1, 2, 3]}"#, "label_token_ids", "invalid_parameter"),
            (#"{"query": [3], "continuations": [[1], [1], [1]]}"#, "continuations", "invalid_parameter"),
            (#"{"query": [3], "continuations": [[1, 2, 3, 4]]}"#, "continuations", "invalid_parameter"),
            (#"{"query": [3], "continuations": ["abcdefg"]}"#, "continuations", "invalid_parameter"),
            (#"{"query": [3], "items": [[4, 4, 4, 4]], "label_token_ids": [1]}"#, "items", "context_length_exceeded"),
            (#"{"query": [3, 3, 3, 3, 3], "continuations": [[1]]}"#, "items", "context_length_exceeded"),
            (#"{"query": "abcdefghi", "continuations": [[1]]}"#, "query", "invalid_parameter"),
        ] {
            let answer = await client.post("/v1/generative-scores", json)
            #expect(answer.status == 400 && answer.error.param == parameter, "\(answer.text)")
            #expect(answer.error.code == code)
        }
    }

    /// Fewer labels than there may be, where the engine scores fewer tokens.
    @Test func labelsAreNoMoreThanTheEngineScores() async {
        var limits = EngineLimits()
        limits.maximumScoredTokens = 2
        let client = APIClient(Self.engine(limits: limits))
        for (labels, status) in [("1, 2", 200), ("1, 2, 3", 400)] {
            let answer = await client.post(
                "/v1/generative-scores",
                #"{"query": [3], "items": [[4]], "label_token_ids": [\#(labels)]}"#
            )
            #expect(answer.status == status, "\(answer.text)")
            #expect(status == 200 || answer.error.param == "label_token_ids")
        }
    }

    @Test func theEnginesLimitIsToldInTheClientsWords() async {
        let client = APIClient(
            ScriptedEngine { _, _ throws(AdmissionError) in throw .tooManyScored(tokens: 9, limit: 8) }
        )
        let answer = await client.post("/v1/generative-scores", #"{"query": [3], "continuations": [[1]]}"#)
        #expect(answer.status == 400 && answer.error.param == "continuations")
        #expect(answer.error.code == "context_length_exceeded" && answer.error.message.contains("at most 8"))
    }

    /// The others wait outside the engine's queue, and are all answered in their order.
    @Test func theEngineHasSomePromptsAtOnce() async {
        var configuration = APIConfiguration()
        configuration.scoredPromptsAtOnce = 2
        let client = APIClient(Self.engine(), configuration: configuration)
        let items = (1...9).map { "[\(Array(repeating: "5", count: $0).joined(separator: ","))]" }
        let answer = await client.post(
            "/v1/generative-scores",
            #"{"query": [], "items": [\#(items.joined(separator: ","))], "label_token_ids": [5], "apply_softmax": false}"#
        )
        let found = answer.json["results"].items.compactMap { $0["token_probs"]["5"].asNumber }
        #expect(found.count == 9 && zip(1...9, found).allSatisfy { abs($1 - 0.5 / Double($0)) < 1e-6 })
    }

    @Test func unknownMembersAreNamedAndVLLMsAreNot() async {
        let answer = await score(
            #"{"query": [3], "items": [[4]], "label_token_ids": [5], "priority": 1, "request_id": "x", "prompt": "y", "n": 2}"#
        )
        #expect(answer.status == 200 && answer.response.fields[.ignoredMembers] == "n, prompt")
    }

    @Test func aModelWithoutATokenizerTakesIDs() async {
        let client = APIClient(Self.engine(), tokenizer: nil)
        let ids = #"{"query": [3], "items": [[4]], "label_token_ids": [5], "continuations": [[6, 7]]}"#
        #expect(await client.post("/v1/generative-scores", ids).status == 200)
        let text = await client.post("/v1/generative-scores", #"{"query": "a", "continuations": [[6]]}"#)
        #expect(text.status == 400 && text.error.param == "query")
    }

    private static let none = -Float.infinity

    @Test(arguments: [[none], [none, none], [0, none], [-200, -201]])
    func probabilitiesAreNumbers(logprobs: [Float]) {
        for whole in [LabelProbabilities.Whole.labels, .vocabulary] {
            let values = LabelProbabilities(logprobs, among: whole).values
            #expect(values.allSatisfy { $0 >= 0 && $0 <= 1 } && values.count == logprobs.count)
        }
        #expect(abs(LabelProbabilities([-200, -201], among: .labels).values[0] - 0.7310586) < 1e-6)
    }
}
