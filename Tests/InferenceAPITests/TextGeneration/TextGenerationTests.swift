import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct TextGenerationTests {
    let client = APIClient(.saying([3, 4, 1]))

    @Test func oneObjectServesEveryTask() async {
        let text = JSONValue.string("the cat")
        let expected = JSONValue.object(["generated_text": text, "translation_text": text, "summary_text": text])
        #expect(await client.post("/generate", #"{"inputs": "a"}"#).json == expected)
        #expect(await client.post("/", #"{"inputs": "a"}"#).json == .array([expected]))
    }

    @Test func whatHasNoInputsIsEchoed() async {
        for body in [#"{"x": "inputs"}"#, #"["inputs"]"#, #"{"inputs": "#, #"{"a": {"inputs": 1}}"#] {
            let answer = await client.post("/", body)
            #expect(answer.status == 200 && answer.text == body)
        }
        let typed = await client.post("/", #"{"inputs": "a"}"#, fields: [.contentType: "text/plain"])
        #expect(typed.text == #"{"inputs": "a"}"#)
    }

    @Test func detailsTellOfTheTokens() async {
        let json = #"{"inputs": "a", "parameters": {"details": true, "decoder_input_details": true, "seed": 7}}"#
        let details = await client.post("/generate", json).json["details"]
        #expect(details["finish_reason"] == .string("eos_token") && details["generated_tokens"] == .integer(3))
        #expect(details["seed"] == .integer(7) && details["input_length"] == .integer(2))
        #expect(details["tokens"].items.map { $0["text"].asText } == ["the", " cat", "</s>"])
        #expect(details["tokens"].items.map { $0["special"] } == [.bool(false), .bool(false), .bool(true)])
        #expect(details["tokens"][0]["logprob"] == .real(-0.5))
        #expect(details["prefill"].items.map { $0["id"].asInteger } == [15, 1])
    }

    @Test(arguments: [
        (#""max_new_tokens": 1"#, "length"), (#""stop": ["cat"]"#, "stop_sequence"), (#""seed": 1"#, "eos_token"),
    ])
    func theReasonHasItsName(parameters: String, reason: String) async {
        let json = #"{"inputs": "a", "parameters": {"details": true, \#(parameters)}}"#
        #expect(await client.post("/generate", json).json["details"]["finish_reason"] == .string(reason))
    }

    @Test func aStreamHasATokenAnEventAndNoMarkAtItsEnd() async {
        for (path, more) in [
            ("/generate_stream", ""), ("/", #", "stream": true"#), ("/generate", #", "stream": true"#),
        ] {
            let answer = await client.post(path, #"{"inputs": "a"\#(more)}"#)
            let events = answer.events
            #expect(events.map { $0["token"]["text"].asText } == ["the", " cat", ""])
            #expect(events.map { $0["index"].asInteger } == [1, 2, 3])
            #expect(events.dropLast().allSatisfy { $0["generated_text"] == .null && $0["details"] == .null })
            #expect(
                events.last?["generated_text"] == .string("the cat") && events.last?["token"]["special"] == .bool(true)
            )
            #expect(events.last?["details"]["generated_tokens"] == .integer(3))
            #expect(!answer.text.contains("[DONE]"))
        }
    }

    @Test func theTextsOfAStreamAreTheText() async {
        // A character of several bytes, a space that waits, a stop string that is cut off.
        let client = APIClient(.saying([3, 10, 11, 12, 4, 8, 5]))
        for more in ["", #", "stop": ["at."]"#, #", "max_new_tokens": 2"#] {
            let json = #"{"inputs": "a", "parameters": {"details": true\#(more)}}"#
            let whole = await client.post("/generate", json).json["generated_text"].asText
            let events = await client.post("/generate_stream", json).events
            #expect(events.compactMap { $0["token"]["text"].asText }.joined() == whole)
            #expect(events.last?["generated_text"].asText == whole)
        }
    }

    @Test func parametersGoTheWayOfCompletions() async {
        let json = #"""
            {"inputs": "the cat", "parameters": {"max_new_tokens": 9, "do_sample": true, "temperature": 0.5, "top_k": 3,
                "top_p": 0.5, "typical_p": 0.5, "repetition_penalty": 1.5, "seed": 5, "best_of": null, "watermark": false,
                "truncate": 2, "generate_parameters": {"no_repeat_ngram_size": 2}, "return_full_text": true}}
            """#
        let answer = await client.post("/generate", json)
        #expect(answer.json["generated_text"] == .string("the catthe cat"))
        let request = client.engine.requests[0]
        #expect(request.stop.maximumTokens == 9 && request.prompt == [4, 1])
        #expect(request.constraints.repetitionPenalty == 1.5 && request.constraints.noRepeatNgramSize == 2)
        let greedy = await client.post(
            "/generate",
            #"{"inputs": "a", "parameters": {"do_sample": false, "top_k": null}}"#
        )
        #expect(greedy.status == 200 && greedy.response.fields[.ignoredMembers] == nil)
    }

    @Test func severalAnswersAreAListAtTheRootAlone() async {
        let json = #"{"inputs": "a", "parameters": {"num_return_sequences": 2, "num_beams": 2}}"#
        #expect(await client.post("/", json).json.count == 2)
        #expect(await client.post("/generate", json).json["error_type"] == .string("validation"))
    }

    @Test(arguments: [
        ("{}", "'inputs' is required"), (#"{"inputs": ["a"]}"#, "'inputs' must be a string"),
        (#"{"inputs": "a", "parameters": 3}"#, "'parameters' must be an object"),
        (#"{"inputs": "a", "parameters": {"generate_parameters": []}}"#, "'parameters.generate_parameters' must be"),
        (#"{"inputs": "a", "parameters": {"max_new_tokens": 0}}"#, "'max_new_tokens' must be"),
        (#"{"inputs": "a", "parameters": {"watermark": true}}"#, "'watermark' must be false"),
        (#"{"inputs": "a", "parameters": {"temperature": "x"}}"#, "'temperature'"),
        (#"{"inputs": "a", "parameters": {"grammar": {}}}"#, "'grammar' is not supported"),
        (#"{"inputs": "a", "parameters": {"top_n_tokens": 3}}"#, "'top_n_tokens'"),
        (#"{"inputs": "a", "parameters": {"tgt_lang": "de"}}"#, "no translation.json"),
        (#"{"inputs": "a", "model": "other"}"#, "The model 'other'"),
    ])
    func whatIsWrongHasTheShapeOfItsServer(json: String, words: String) async {
        for path in ["/generate", "/generate_stream"] + (json == "{}" ? [] : ["/"]) {
            let answer = await client.post(path, json)
            #expect(
                (400..<500).contains(answer.status) && answer.json.names == ["error", "error_type"],
                "\(answer.text)"
            )
            #expect(answer.json["error"].asText?.contains(words) == true, "\(answer.text)")
            #expect(answer.json["error_type"] == .string("validation"))
        }
    }

    @Test func anErrorInsideAStreamIsAnEvent() async {
        let engine = ScriptedEngine { _, _ in [.failed(.deadline)] }
        let events = await APIClient(engine).post("/generate_stream", #"{"inputs": "a"}"#).events
        #expect(events.last?["error_type"] == .string("generation") && events.last?["error"].asText != nil)
    }

    @Test func infoNamesModelAndLimits() async {
        let info = await client.send(.get, "/info").json
        #expect(info["model_id"] == .string("google/switch-toy") && info["max_input_tokens"] == .integer(4096))
    }
}
