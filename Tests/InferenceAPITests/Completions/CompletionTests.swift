import JSON
import Testing

@testable import InferenceAPI

@Suite struct CompletionTests {
    let client = APIClient(.saying([3, 4, 5, 8, 1]))

    @Test func aCompletionHasOpenAIsShape() async {
        let answer = await client.complete(#"{"model": "google/switch-toy", "prompt": "the cat"}"#)
        #expect(answer.status == 200)
        let json = answer.json
        #expect(json.names == ["choices", "created", "id", "model", "object", "system_fingerprint", "usage"])
        #expect(json["id"].asText?.hasPrefix("cmpl-") == true)
        #expect(json["object"] == .string("text_completion"))
        #expect(json["system_fingerprint"] == .string("fp_toy"))
        #expect(json["choices"].count == 1)
        let choice = json["choices"][0]
        #expect(choice.names == ["finish_reason", "index", "logprobs", "stop_reason", "text"])
        #expect(choice["text"] == .string("the cat sat."))
        #expect(choice["finish_reason"] == .string("stop"))
        #expect(choice["logprobs"] == .null)
    }

    @Test func usageCountsTheEndOfThePromptAndOfTheAnswer() async {
        let usage = await client.complete(#"{"prompt": "the cat", "n": 2}"#).json["usage"]
        #expect(usage["prompt_tokens"] == .integer(3))
        #expect(usage["completion_tokens"] == .integer(10))
        #expect(usage["total_tokens"] == .integer(13))
    }

    @Test func streamedTextIsTheWholeText() async {
        let answer = await client.complete(#"{"prompt": "the cat", "stream": true}"#)
        #expect(answer.pieces.last == "data: [DONE]\n\n")
        #expect(answer.events.compactMap { $0["choices"][0]["text"].asText }.joined() == "the cat sat.")
    }

    @Test func beamSearchAnswersTheBestFirst() async {
        let json = await client.post("/v1/beam_search", #"{"prompt": "the cat", "num_return_sequences": 2}"#).json
        #expect(json.names == ["beams", "created", "id", "model", "object", "system_fingerprint", "usage"])
        #expect(json["beams"].count == 2)
        #expect(json["beams"][0]["token_ids"].count == 5)
        #expect(json["beams"][0]["score"] == .real(-0.25))
        #expect(json["beams"][0]["cumulative_logprob"] == .real(-2.5))
    }
}
