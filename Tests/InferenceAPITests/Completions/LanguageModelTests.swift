import Generation
import JSON
import Testing

@testable import InferenceAPI

/// What differs when the model goes on with its prompt.
@Suite struct LanguageModelTests {
    private func client(saying tokens: [Int32]) -> APIClient {
        APIClient(.saying(tokens), architecture: .languageModel)
    }

    @Test func aCompletionBeginsWithTheSpaceThatPartsItFromThePrompt() async {
        let client = client(saying: [4, 5, 8, 1])
        let json = await client.complete(#"{"prompt": "the", "logprobs": 0, "stop": "sat"}"#).json["choices"][0]
        #expect(client.engine.requests[0].prompt == [3])
        #expect(json["text"] == .string(" cat "))
        #expect(json["logprobs"]["tokens"].items.first == .string(" cat"))
        let echo = await client.complete(#"{"prompt": "the", "echo": true}"#).json["choices"][0]
        #expect(echo["text"] == .string("the cat sat."))
    }

    @Test func withoutAPromptTheTextBeginsHere() async {
        let json = await client(saying: [4, 5, 1]).complete(#"{"prompt": "", "logprobs": 0}"#).json["choices"][0]
        #expect(json["text"] == .string("cat sat"))
        #expect(json["logprobs"]["tokens"].items.first == .string("cat"))
    }

    @Test(arguments: [#""echo": true"#, #""echo": true, "return_token_ids": true, "n": 2"#])
    func anEchoedPromptIsScored(members: String) async {
        let client = client(saying: [5, 8, 1])
        let json = await client.complete(#"{"prompt": "the cat", "logprobs": 1, \#(members)}"#).json
        let request = client.engine.requests[0]
        #expect(request.prompt == [3] && request.decoderPrompt == [4] && request.scoredPromptTokens == 1)
        for choice in json["choices"].items {
            #expect(choice["text"] == .string("the cat sat."))
            let logprobs = choice["logprobs"]
            #expect(logprobs["tokens"].items.map(\.asText) == ["the", " cat", " sat", ".", "</s>"])
            #expect(logprobs["token_logprobs"].items.map(\.asNumber) == [nil, -1, -0.5, -0.5, -0.5])
            #expect(logprobs["top_logprobs"][0] == .null)
            #expect(logprobs["text_offset"].items.map(\.asInteger) == [0, 3, 7, 11, 12])
            guard choice.names.contains("token_ids") else { continue }
            #expect(choice["token_ids"].items.map(\.asInteger) == [5, 8, 1])
            #expect(choice["prompt_token_ids"].items.map(\.asInteger) == [3, 4])
        }
        let choices = json["choices"].items.count
        #expect(json["usage"]["prompt_tokens"] == .integer(2))
        #expect(json["usage"]["completion_tokens"] == .integer(3 * choices))
    }

    @Test func aPromptOfOneTokenIsScoredByNothing() async {
        let body = #"{"prompt": [3], "echo": true, "logprobs": 1, "max_tokens": 0}"#
        let json = await client(saying: [1]).complete(body).json
        #expect(json["choices"][0]["text"] == .string("the"))
        #expect(json["choices"][0]["logprobs"]["token_logprobs"].items == [.null])
        #expect(json["usage"]["completion_tokens"] == .integer(0))
    }

    @Test func aModelWithAnEncoderCannotScoreItsPrompt() async {
        let answer = await APIClient(.saying([1])).complete(#"{"prompt": "the", "echo": true, "logprobs": 1}"#)
        #expect(answer.status == 400 && answer.text.contains("encoder"))
    }

    @Test func routesShowTheTextAsItWasContinued() async {
        let answer = await client(saying: [4, 1]).post("/v1/route", #"{"prompt": "the cat", "max_tokens": 2}"#)
        #expect(answer.json["encoder"]["tokens"].items.map { $0["text"] } == [.string("the"), .string(" cat")])
        #expect(answer.json["decoder"]["tokens"][0]["text"] == .string(" cat"))
    }
}
