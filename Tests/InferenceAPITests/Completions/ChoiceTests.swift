import Batching
import Generation
import JSON
import Testing

@testable import InferenceAPI

@Suite struct ChoiceTests {
    private func choice(_ members: String, saying tokens: [Int32] = [3, 4, 5, 8, 1]) async -> JSONValue {
        let answer = await APIClient(.saying(tokens)).complete(#"{"prompt": "the cat", \#(members)}"#)
        #expect(answer.status == 200, "\(answer.text)")
        return answer.json["choices"][0]
    }

    @Test func aStopStringEndsTheTextAndIsNamed() async {
        let choice = await choice(#""stop": ["sat", "xyz"]"#)
        #expect(choice["text"] == .string("the cat "))
        #expect(choice["finish_reason"] == .string("stop"))
        #expect(choice["stop_reason"] == .string("sat"))
    }

    @Test func aStopStringMaySpanTokensAndStay() async {
        let choice = await choice(#""stop": "cat s", "include_stop_str_in_output": true"#)
        #expect(choice["text"] == .string("the cat s"))
    }

    @Test func aStopTokenEndsTheTextAndIsNamed() async {
        let choice = await choice(#""stop_token_ids": [5]"#)
        #expect(choice["text"] == .string("the cat"))
        #expect(choice["stop_reason"] == .integer(5))
    }

    @Test func theMaximumOfTokensIsALengthEnd() async {
        let choice = await choice(#""max_tokens": 2"#)
        #expect(choice["text"] == .string("the cat"))
        #expect(choice["finish_reason"] == .string("length"))
        #expect(choice["stop_reason"] == .null)
    }

    @Test func maximumZeroGeneratesNothing() async {
        let client = APIClient(.saying([3, 1]))
        let json = await client.complete(#"{"prompt": "the cat", "max_tokens": 0, "echo": true, "n": 2}"#).json
        #expect(client.engine.requests.map(\.stop.maximumTokens) == [0])
        #expect(json["choices"].items.map { $0["text"] } == [.string("the cat"), .string("the cat")])
        #expect(json["usage"]["completion_tokens"] == .integer(0))
    }

    @Test func logprobsHaveTheLegacyShape() async {
        let logprobs = await choice(#""logprobs": 2"#)["logprobs"]
        #expect(logprobs.names == ["text_offset", "token_logprobs", "tokens", "top_logprobs"])
        #expect(logprobs["tokens"].items.map(\.asText) == ["the", " cat", " sat", ".", "</s>"])
        #expect(logprobs["text_offset"].items.map(\.asInteger) == [0, 3, 7, 11, 12])
        #expect(logprobs["token_logprobs"].items.map(\.asNumber) == [-0.5, -0.5, -0.5, -0.5, -0.5])
        #expect(logprobs["top_logprobs"].items.allSatisfy { $0.names.count == 3 })
        #expect(logprobs["top_logprobs"][1][" cat"] == .real(-0.5))
    }

    @Test func logprobsOfAStreamAddUpToTheWhole() async {
        let client = APIClient(.saying([3, 4, 12, 5, 8, 1]))
        let json = #"{"prompt": "a", "logprobs": 1, "return_token_ids": true, "stop": "t."#
        let whole = await client.complete(json + "\"}").json["choices"][0]
        let parts = await client.complete(json + #"", "stream": true}"#).events.map { $0["choices"][0] }
        for name in ["tokens", "token_logprobs", "top_logprobs", "text_offset"] {
            #expect(parts.flatMap { $0["logprobs"][name].items } == whole["logprobs"][name].items)
        }
        #expect(parts.flatMap { $0["token_ids"].items } == whole["token_ids"].items)
        #expect(parts.count { $0.names.contains("prompt_token_ids") } == 1)
    }

    @Test func tokensCanBeShownAsIDs() async {
        let logprobs = await choice(#""logprobs": 0, "return_tokens_as_token_ids": true"#)["logprobs"]
        #expect(logprobs["tokens"][1] == .string("token_id:4"))
        #expect(logprobs["top_logprobs"][1].names == ["token_id:4"])
        #expect(logprobs["text_offset"].items.map(\.asInteger) == [0, 3, 7, 11, 12])
    }

    /// An engine of one token and what it says of it and of the beam it ends.
    private func engine(_ logprob: Float, top: Float, score: Float, sum: Float) -> ScriptedEngine {
        ScriptedEngine { _, _ in
            [
                .token(GeneratedToken(choice: 0, id: 3, logprob: logprob, top: [(id: 4, logprob: top)])),
                .finished(
                    FinishedChoice(choice: 0, reason: .length, tokens: [3], cumulativeLogprob: sum, beamScore: score)
                ),
                .completed(GenerationTimings()),
            ]
        }
    }

    @Test(arguments: [-.infinity, -20_000, .nan] as [Float])
    func logprobsAreNeverBelowTheFloorNorNotANumber(logprob: Float) async {
        let client = APIClient(engine(logprob, top: logprob, score: 0, sum: 0))
        let logprobs = await client.complete(#"{"prompt": "a", "logprobs": 1}"#).json["choices"][0]["logprobs"]
        #expect(logprobs["token_logprobs"] == .array([.integer(-9999)]))
        #expect(logprobs["top_logprobs"][0]["cat"] == .integer(-9999))
    }

    @Test(arguments: [-9999.5, -12345.678, -3e20, 98765.43, .greatestFiniteMagnitude, -1e-30] as [Float])
    func scoresOfBeamsAreTheVeryNumbers(score: Float) async throws {
        let client = APIClient(engine(-1, top: -2, score: score, sum: score * 0.5))
        let choice = await client.complete(#"{"prompt": "a", "num_beams": 2}"#).json["choices"][0]
        #expect(Float(try #require(choice["beam_score"].asNumber)) == score)
        #expect(Float(try #require(choice["cumulative_logprob"].asNumber)) == score * 0.5)
        let beam = await client.post("/v1/beam_search", #"{"prompt": "a"}"#).json["beams"][0]
        #expect(Float(try #require(beam["score"].asNumber)) == score)
        #expect(Float(try #require(beam["cumulative_logprob"].asNumber)) == score * 0.5)
    }

    @Test(arguments: [-.infinity, .infinity, .nan] as [Float])
    func aScoreThatIsNoNumberIsLeftOutOrNull(score: Float) async {
        let client = APIClient(engine(-1, top: -2, score: score, sum: score))
        let choice = await client.complete(#"{"prompt": "a", "num_beams": 2}"#).json["choices"][0]
        #expect(choice["text"] == .string("the"))
        #expect(!choice.names.contains("beam_score") && !choice.names.contains("cumulative_logprob"))
        let beam = await client.post("/v1/beam_search", #"{"prompt": "a"}"#).json["beams"][0]
        #expect(beam.names.contains("score") && beam["score"] == .null && beam["cumulative_logprob"] == .null)
    }

    @Test func theDecoderPromptIsTheStartOfTheText() async {
        let client = APIClient(.saying([4, 5, 1]))
        let json = await client.complete(#"{"prompt": "a", "decoder_prompt": "the"}"#).json
        #expect(client.engine.requests[0].decoderPrompt == [3])
        #expect(json["choices"][0]["text"] == .string("the cat sat"))
        #expect(json["usage"]["completion_tokens"] == .integer(4))
    }

    @Test func stopsDoNotApplyToTheDecoderPrompt() async {
        let choice = await choice(
            #""decoder_prompt": "the", "stop": ["the", "sat"], "stop_token_ids": [3]"#,
            saying: [4, 5, 1]
        )
        #expect(choice["text"] == .string("the cat "))
        #expect(choice["stop_reason"] == .string("sat"))
    }

    @Test(arguments: [true, false])
    func anInfillHidesItsSentinels(skips: Bool) async {
        let choice = await choice(#""suffix": "mat", "skip_special_tokens": \#(skips)"#, saying: [4, 41, 1])
        #expect(choice["text"].asText?.split(separator: " ") == ["cat"])
    }

    @Test func anInfillIsTheTextBetweenTheSentinels() async {
        let client = APIClient(.saying([4, 5, 41, 3, 1]))
        let json = await client.complete(#"{"prompt": "the", "suffix": "mat"}"#).json
        let request = client.engine.requests[0]
        #expect(request.prompt == [3, 40, 7, 1])
        #expect(request.decoderPrompt == [40])
        #expect(request.stop.stopTokens == [41])
        #expect(json["choices"][0]["text"] == .string("cat sat"))
        #expect(json["choices"][0]["finish_reason"] == .string("stop"))
        #expect(json["choices"][0]["stop_reason"] == .null)
    }

    @Test func echoPutsThePromptInFront() async {
        #expect(await choice(#""echo": true"#)["text"] == .string("the catthe cat sat."))
    }

    @Test func idsAndRoutesComeWhenAskedFor() async {
        let choice = await choice(#""return_token_ids": true, "return_routed_experts": true"#)
        #expect(choice["token_ids"].items.map(\.asInteger) == [3, 4, 5, 8, 1])
        #expect(choice["prompt_token_ids"].items.map(\.asInteger) == [3, 4, 1])
        #expect(choice["routed_experts"]["encoder"].items.map { $0["block"].asInteger } == [1, 3])
        #expect(choice["routed_experts"]["encoder"].items.map { $0["choice"].asInteger } == [0, 0])
        #expect(choice["routed_experts"]["encoder"][0]["experts"].items.map(\.asInteger) == [3, 0, 1])
        #expect(choice["routed_experts"]["decoder"][0]["experts"].items.map(\.asInteger) == [3, 0, 1, 0, 1])
    }

    @Test func choicesOfBeamSearchCarryTheirScores() async {
        let choice = await choice(#""num_beams": 2"#)
        #expect(choice["beam_score"] == .real(-0.25))
        #expect(choice["cumulative_logprob"] == .real(-2.5))
    }

    @Test func withoutATokenizerTextIsEmptyAndIDsWork() async {
        let client = APIClient(.saying([3, 4, 1]), tokenizer: nil)
        let json = await client.complete(#"{"prompt": [5, 1], "return_token_ids": true, "logprobs": 0}"#).json
        #expect(json["choices"][0]["text"] == .string(""))
        #expect(json["choices"][0]["token_ids"].count == 3)
        #expect(json["choices"][0]["logprobs"]["tokens"][0] == .string("token_id:3"))
        let streamed = await client.complete(#"{"prompt": [5], "return_token_ids": true, "stream": true}"#)
        #expect(streamed.events.count == 4)
        for name in ["prompt", "stop", "decoder_prompt"] {
            let json = name == "prompt" ? #"{"prompt": "a"}"# : #"{"prompt": [5], "\#(name)": "a"}"#
            let answer = await client.complete(json)
            #expect(answer.status == 400)
            #expect(answer.error.param == name)
        }
    }
}
