import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct ChatAnswerTests {
    private func ask(
        _ members: String = "",
        client: APIClient = APIClient(.saying([3, 4, 1]))
    ) async -> Answer {
        let more = members.isEmpty ? "" : ", \(members)"
        return await client.post("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "a"}]\#(more)}"#)
    }

    @Test func anAnswerIsAMessage() async {
        let json = await ask().json
        #expect(json["object"] == .string("chat.completion"))
        #expect(json["id"].asText?.hasPrefix("chatcmpl-") == true)
        let message = #"{"content":"the cat","refusal":null,"role":"assistant"}"#
        #expect(json["choices"][0]["message"] == JSONValue(parsing: Array(message.utf8)))
        #expect(json["choices"][0]["finish_reason"] == .string("stop"))
        #expect(json["choices"][0].names == ["finish_reason", "index", "logprobs", "message", "stop_reason"])
        #expect(json["usage"]["total_tokens"] == .integer(5))
    }

    @Test func severalChoicesAndBeamsComeInOrder() async {
        let drawn = await ask(#""n": 3, "temperature": 1"#).json["choices"].items
        #expect(drawn.map { $0["index"].asInteger } == [0, 1, 2])
        let beams = await ask(#""n": 2, "num_beams": 4"#).json["choices"].items
        #expect(beams.map { $0["beam_score"].asNumber } == [-0.25, -0.5])
    }

    @Test func logprobsHaveTheirBytesAndAlternatives() async {
        let json = await ask(#""logprobs": true, "top_logprobs": 2"#).json["choices"][0]["logprobs"]
        #expect(json["content"].items.map { $0["token"].asText } == ["the", " cat", "</s>"])
        #expect(json["content"][1]["bytes"].items.map(\.asInteger) == [32, 99, 97, 116])
        #expect(json["content"][0]["top_logprobs"].items.map { $0["token"].asText } == ["e", "f"])
        #expect(json["content"][0]["top_logprobs"].items.map { $0["logprob"].asNumber } == [-1, -2])
        #expect(json["content"][0]["logprob"].asNumber == -0.5 && json["refusal"] == .null)
        let none = await ask(#""logprobs": true"#).json["choices"][0]["logprobs"]["content"][0]
        #expect(none["top_logprobs"] == .array([]))
        #expect(await ask().json["choices"][0]["logprobs"] == .null)
    }

    @Test func aStreamNamesTheSpeakerFirstAndTheReasonLast() async {
        let answer = await ask(#""stream": true, "n": 2, "temperature": 1"#)
        let choices = answer.events.flatMap { $0["choices"].items }
        #expect(choices.prefix(2).map { $0["delta"]["role"] } == [.string("assistant"), .string("assistant")])
        #expect(choices.dropFirst(2).allSatisfy { !$0["delta"].names.contains("role") })
        for index in 0..<2 {
            let own = choices.filter { $0["index"] == .integer(index) }
            #expect(own.compactMap { $0["delta"]["content"].asText }.joined() == "the cat")
            #expect(own.last?["delta"] == .object([:]) && own.last?["finish_reason"] == .string("stop"))
            #expect(own.dropLast().allSatisfy { $0["finish_reason"] == .null })
        }
        #expect(answer.events.allSatisfy { $0["object"] == .string("chat.completion.chunk") })
        #expect(answer.pieces.last == "data: [DONE]\n\n")
    }

    @Test func aStreamAndAWholeAnswerHaveTheSameLogprobs() async {
        let members = #""logprobs": true, "top_logprobs": 1"#
        let whole = await ask(members).json["choices"][0]["logprobs"]["content"]
        let events = await ask(members + #", "stream": true"#).events
        #expect(events.flatMap { $0["choices"][0]["logprobs"]["content"].items } == whole.items)
    }

    @Test(arguments: ["/v1/completions", "/v1/chat/completions"])
    func usageComesAtTheEndOrAllAlong(path: String) async {
        let prompt = path.contains("chat") ? #""messages": [{"role": "user", "content": "a"}]"# : #""prompt": "a""#
        func events(_ options: String) async -> [JSONValue] {
            let json = #"{\#(prompt), "stream": true, "stream_options": {\#(options)}}"#
            return await APIClient(.saying([3, 4, 1])).post(path, json).events
        }
        let atEnd = await events(#""include_usage": true"#)
        #expect(atEnd.dropLast().allSatisfy { $0["usage"] == .null && $0.names.contains("usage") })
        #expect(atEnd.last?["usage"]["completion_tokens"] == .integer(3) && atEnd.last?["choices"].count == 0)
        let allAlong = await events(#""include_usage": true, "continuous_usage_stats": true"#)
        let tokens = allAlong.compactMap { $0["usage"]["completion_tokens"].asInteger }
        #expect(tokens.count == allAlong.count && tokens == tokens.sorted() && tokens.last == 3)
        #expect(tokens.contains(1) && allAlong.allSatisfy { $0["usage"]["prompt_tokens"] == .integer(2) })
        #expect(await events(#""continuous_usage_stats": true"#).allSatisfy { !$0.names.contains("usage") })
    }

    @Test func anErrorMidwayIsAnEvent() async {
        let engine = ScriptedEngine { _, _ in [.encoded(routes: []), .failed(.deadline)] }
        let answer = await ask(#""stream": true"#, client: APIClient(engine))
        #expect(answer.events.last?["error"]["code"] == .string("deadline_exceeded"))
        #expect(answer.pieces.last == "data: [DONE]\n\n")
    }

    @Test func errorsOfThePromptNameTheMessages() async {
        var limits = EngineLimits()
        limits.maximumInputTokens = 4
        let long = String(repeating: "a", count: 1000)
        let client = APIClient(.saying([1], limits: limits))
        let json = #"{"messages": [{"role": "user", "content": "\#(long)"}]}"#
        let answer = await client.post("/v1/chat/completions", json)
        #expect(answer.status == 400 && answer.error.param == "messages")
        #expect(answer.error.code == "context_length_exceeded")
        let refusing = ScriptedEngine { _, _ throws(AdmissionError) in throw .promptTooLong(tokens: 9, limit: 4) }
        #expect(await ask(client: APIClient(refusing)).error.param == "messages")
        let bare = APIClient(.saying([1]), tokenizer: nil)
        #expect(await ask(client: bare).error.message.contains("'messages' must not be text"))
    }

    @Test func aFormIsRefused() async {
        for member in [
            #""response_format": {"type": "json_schema"}"#, #""structured_outputs": {"regex": "a"}"#,
            #""guided_json": {}"#,
        ] {
            let answer = await ask(member)
            #expect(answer.status == 400 && answer.error.message.contains("hold answers to a form"))
        }
    }

    @Test func whatIsPassedOverIsNamedInTheClientsWords() async {
        let json =
            #"{"messages": [{"role": "user", "content": "a", "mood": 1}], "echo": true, "tools": [{}], "odd": 1}"#
        let answer = await APIClient(.saying([1])).post("/v1/chat/completions", json)
        #expect(answer.status == 200)
        #expect(answer.response.fields[.ignoredMembers] == "odd, tools, echo, messages.0.mood")
        var strict = APIConfiguration()
        strict.isStrict = true
        let refused = await APIClient(.saying([1]), configuration: strict).post("/v1/chat/completions", json)
        #expect(refused.error.code == "unknown_parameter")
    }

    @Test func theOperatorsRuleMakesThePrompt() async {
        let json = #"{"messages": [{"role": "system", "content": "the"}, {"role": "user", "content": "cat"}]}"#
        func prompt(_ rule: ChatPrompt?, _ architecture: ServedModel.Architecture) async -> [Int32]? {
            var configuration = APIConfiguration()
            configuration.chatPrompt = rule
            let client = APIClient(.saying([1]), architecture: architecture, configuration: configuration)
            _ = await client.post("/v1/chat/completions", json)
            let answer = await client.send(.get, "/v1/models").json["data"][0]["chat_prompt"].asText
            #expect(answer == (rule ?? .suiting(architecture)).name)
            return client.engine.requests.first?.prompt
        }
        let (alone, joined) = (ToyTokenizer().encode("cat"), ToyTokenizer().encode("the\ncat"))
        #expect(await prompt(nil, .encoderDecoder) == alone + [1])
        #expect(await prompt(.joined, .encoderDecoder) == joined + [1])
        #expect(await prompt(nil, .languageModel) == joined)
        #expect(await prompt(.lastUser, .languageModel) == alone)
    }
}
