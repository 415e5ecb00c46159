import Batching
import Foundation
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

/// What a server says and does whose model is an encoder alone.
@Suite struct EncoderAloneTests {
    private let client = APIClient(
        ScriptedEngine { _, _ in [.encoded(routes: []), .embedding([3, 4]), .completed(GenerationTimings())] },
        architecture: .encoder
    )

    @Test(arguments: [
        ("/v1/completions", #"{"prompt": "the cat"}"#), ("/v1/completions", #"{"prompt": "the", "stream": true}"#),
        ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "the"}]}"#),
        ("/v1/responses", #"{"input": "the"}"#), ("/v1/beam_search", #"{"prompt": "the"}"#),
        ("/v1/route", #"{"prompt": "the"}"#), ("/translate", #"{"q": "the", "source": "en", "target": "de"}"#),
        ("/v2/translate", #"{"text": ["the"], "target_lang": "DE"}"#), ("/generate", #"{"inputs": "the"}"#),
        ("/generate_stream", #"{"inputs": "the"}"#), ("/", #"{"inputs": "the", "parameters": {}}"#),
        ("/v1/completions", "{}"),
    ])
    func whatGeneratesIsOneClearError(path: String, json: String) async {
        let answer = await client.post(path, json)
        #expect(answer.status == 400)
        let words = "is an encoder alone and generates nothing: it answers at /v1/embeddings and /embed."
        #expect(answer.text.contains(words))
        #expect(client.engine.requests.isEmpty)
    }

    @Test func itSaysWhatItIs() async {
        let model = await client.send(.get, "/v1/models").json["data"][0]
        #expect(model["architecture"] == .string("encoder") && model["max_output_tokens"] == .integer(0))
        #expect(model["chat_prompt"] == .null)
        let info = await client.send(.get, "/info").json
        #expect(info["model_pipeline_tag"] == .string("feature-extraction"))
        #expect(info["max_total_tokens"] == info["max_input_tokens"])
        #expect(await client.send(.get, "/readyz").json["architecture"] == .string("encoder"))
    }

    @Test func featuresAreRowsOfNumbersAtTheRoot() async {
        let answer = await client.post("/", #"{"inputs": ["the", "the cat"], "normalize": false}"#)
        #expect(answer.status == 200 && answer.text == "[[3,4],[3,4]]")
        #expect(await client.post("/", #"{"inputs": "the"}"#).text == "[[0.6,0.8]]")
        let wrong = await client.post("/", #"{"inputs": {}}"#)
        #expect(wrong.status == 400 && wrong.json["error_type"] == .string("validation"))
    }

    @Test func theRootOfAnEncoderDecoderGenerates() async {
        let whole = APIClient(.saying([3, 4, 1]))
        #expect(await whole.post("/", #"{"inputs": "the"}"#).json[0]["generated_text"] == .string("the cat"))
    }
}

/// `POST /embed`.
@Suite struct EmbedTests {
    private func client(_ limits: EngineLimits = EngineLimits(), longest: Int? = nil) -> APIClient {
        APIClient(
            ScriptedEngine(limits: limits) { _, _ in
                [.encoded(routes: []), .embedding([3, 4]), .completed(GenerationTimings())]
            },
            embeddings: EmbeddingRules(stateWidth: 2, length: 2, normalizes: false, longestText: longest)
        )
    }

    @Test func lengthIsOneUnlessAskedOtherwise() async {
        #expect(await client().post("/embed", #"{"inputs": "the"}"#).text == "[[0.6,0.8]]")
        #expect(await client().post("/embed", #"{"inputs": [[3, 1]], "normalize": false}"#).text == "[[3,4]]")
    }

    @Test(arguments: [
        ("{}", "inputs"), (#"{"inputs": []}"#, "inputs"), (#"{"inputs": 7}"#, "inputs"),
        (#"{"inputs": "the", "normalize": "x"}"#, "normalize"), (#"{"inputs": "the", "truncate": 1}"#, "truncate"),
        (#"{"inputs": "the", "truncation_direction": "up"}"#, "truncation_direction"),
        (#"{"inputs": "the", "dimensions": 2}"#, "dimensions"),
        (#"{"inputs": "the", "prompt_name": "q"}"#, "prompt_name"),
    ])
    func whatIsWrongIsNamedInTheShapeOfItsClients(json: String, parameter: String) async {
        let answer = await client().post("/embed", json)
        #expect(answer.status == 400 && answer.json["error_type"] == .string("validation"))
        #expect(answer.json["error"].asText?.contains("'\(parameter)'") == true, "\(answer.text)")
    }

    @Test(
        arguments: [
            (#""truncate": true"#, [3, 4, 1]), (#""truncate": true, "truncation_direction": "Right""#, [3, 4, 1]),
            (#""truncate": true, "truncation_direction": "left""#, [4, 3, 1]),
        ] as [(String, [Int32])]
    )
    func aTextThatIsTooLongLosesOneEnd(members: String, expected: [Int32]) async {
        var limits = EngineLimits()
        limits.maximumInputTokens = 3
        for client in [client(limits), client(longest: 3)] {
            let answer = await client.post("/embed", #"{"inputs": "the cat the cat the", \#(members)}"#)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(client.engine.requests.map(\.prompt) == [expected])
        }
    }

    @Test func aTextFarTooLongIsCutBeforeItIsTokenised() async {
        var limits = EngineLimits()
        limits.maximumInputTokens = 3
        let text = String(repeating: "the ", count: 100) + "é"
        for direction in ["left", "right"] {
            let client = client(limits)
            let json = #"{"inputs": "\#(text)", "truncate": true, "truncation_direction": "\#(direction)"}"#
            #expect(await client.post("/embed", json).status == 200)
            #expect(client.engine.requests[0].prompt.count == 3)
        }
        #expect(await client(limits).post("/embed", #"{"inputs": "\#(text)"}"#).status == 400)
    }

    @Test func aLanguageModelHasNone() async {
        let model = APIClient(.saying([1]), architecture: .languageModel)
        #expect(await model.post("/embed", #"{"inputs": "the"}"#).status == 400)
    }
}
