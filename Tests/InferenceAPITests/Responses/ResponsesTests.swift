import Batching
import Generation
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct ResponsesTests {
    private func plain(_ json: String) throws -> PlainRequest {
        guard case .object(let members) = JSONValue(parsing: Array(json.utf8)) else { throw APIError.cancelled }
        return try ResponsesRequest(members, ChatRequestTests.setting).plain
    }

    private func respond(_ json: String, _ engine: ScriptedEngine = .saying([3, 4, 1])) async -> Answer {
        await APIClient(engine).post("/v1/responses", json)
    }

    /// The events' names and data.
    private func events(_ answer: Answer) -> [(name: String, data: JSONValue)] {
        answer.pieces.map { piece in
            let lines = piece.split(separator: "\n")
            return (String(lines[0].dropFirst(7)), JSONValue(parsing: Array(lines[1].dropFirst(6).utf8)))
        }
    }

    @Test(arguments: [
        #""the cat""#, #"[{"role": "user", "content": "the cat"}]"#,
        #"[{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "the cat"}]}]"#,
        #"[{"role": "developer", "content": "x"}, {"role": "user", "content": "the cat"},"#
            + #" {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant","#
            + #" "content": [{"type": "output_text", "text": "y", "annotations": [], "logprobs": []}]}]"#,
    ])
    func inputIsTextOrMessages(input: String) throws {
        let plain = try plain(#"{"input": \#(input), "max_output_tokens": 7, "instructions": "i", "store": true}"#)
        #expect(plain.members == ["prompt": .string("the cat"), "max_tokens": .integer(7)])
        #expect(plain.names == ["prompt": "input", "max_tokens": "max_output_tokens"])
        #expect(plain.unknownNames.isEmpty)
    }

    @Test func instructionsAreTheSystemsMessage() async {
        var configuration = APIConfiguration()
        configuration.chatPrompt = .joined
        let client = APIClient(.saying([1]), configuration: configuration)
        _ = await client.post("/v1/responses", #"{"input": "cat", "instructions": "the"}"#)
        #expect(client.engine.requests.first?.prompt == ToyTokenizer().encode("the\ncat") + [1])
    }

    @Test func membersOfOtherDialectsAreUnknown() throws {
        let plain = try plain(#"{"input": "a", "n": 2, "max_tokens": 3, "text": {"verbosity": "low"}, "num_beams": 2}"#)
        #expect(plain.members == ["prompt": .string("a"), "num_beams": .integer(2)])
        #expect(plain.unknownNames.sorted() == ["max_tokens", "n", "text.verbosity"])
    }

    @Test(arguments: [
        (#"{}"#, "input"), (#"{"input": []}"#, "input"), (#"{"input": 5}"#, "input"),
        (#"{"input": [{"type": "function_call_output", "call_id": "c", "output": "o"}]}"#, "input.0.type"),
        (#"{"input": [{"role": "user", "content": [{"type": "input_image"}]}]}"#, "input.0.content.0"),
        (#"{"input": [{"role": "tool", "content": "a"}]}"#, "input.0.role"),
        (#"{"input": "a", "previous_response_id": "resp_1"}"#, "previous_response_id"),
        (#"{"input": "a", "conversation": "c"}"#, "conversation"),
        (#"{"input": "a", "prompt": {"id": "p"}}"#, "prompt"),
        (#"{"input": "a", "background": true}"#, "background"), (#"{"input": "a", "instructions": 1}"#, "instructions"),
        (#"{"input": "a", "text": {"format": {"type": "json_object"}}}"#, "text.format"),
        (#"{"input": "a", "tool_choice": "required"}"#, "tool_choice"),
        (#"{"input": "a", "metadata": {"a": 1}}"#, "metadata"),
        (#"{"input": "a", "max_output_tokens": "1"}"#, "max_output_tokens"), (#"{"input": "a", "store": 1}"#, "store"),
        (#"{"input": "a", "temperature": 3}"#, "temperature"),
        (#"{"input": "a", "num_beam_groups": 2}"#, "num_beam_groups"),
    ])
    func whatCannotBeAnsweredIsRefusedByName(json: String, parameter: String) async {
        let answer = await respond(json)
        #expect(answer.status == 400 && answer.error.param == parameter, "\(answer.text)")
        #expect(answer.error.message.contains("'\(parameter)'"), "\(answer.text)")
    }

    @Test func aResponseHoldsOneMessage() async {
        let json = await respond(#"{"input": "a", "temperature": 0.5, "metadata": {"k": "v"}, "instructions": "i"}"#)
            .json
        let id = json["id"].asText ?? ""
        #expect(
            id.hasPrefix("resp_") && json["object"] == .string("response") && json["status"] == .string("completed")
        )
        #expect(json["output"].count == 1)
        #expect(json["output"][0]["id"] == .string("msg_" + id.dropFirst(5)))
        #expect(json["output"][0]["content"][0]["text"] == .string("the cat"))
        #expect(json["temperature"].asNumber == 0.5 && json["top_p"] == .null && json["instructions"] == .string("i"))
        #expect(json["metadata"]["k"] == .string("v") && json["incomplete_details"] == .null)
        #expect(json["usage"]["input_tokens"] == .integer(2) && json["usage"]["output_tokens"] == .integer(3))
        #expect(json["usage"]["input_tokens_details"]["cached_tokens"] == .integer(0))
    }

    @Test func anAnswerCutShortIsIncomplete() async {
        let json = await respond(#"{"input": "a", "max_output_tokens": 2}"#).json
        #expect(json["status"] == .string("incomplete") && json["max_output_tokens"] == .integer(2))
        #expect(json["incomplete_details"]["reason"] == .string("max_output_tokens"))
        #expect(json["output"][0]["status"] == .string("incomplete"))
        let last = events(await respond(#"{"input": "a", "max_output_tokens": 2, "stream": true}"#)).last
        #expect(last?.name == "response.incomplete" && last?.data["response"]["status"] == .string("incomplete"))
    }

    @Test func aStreamHasTheEventsInOpenAIsOrder() async {
        let events = events(await respond(#"{"input": "a", "stream": true}"#))
        #expect(
            events.map(\.name) == [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.completed",
            ]
        )
        #expect(events.map { $0.data["type"].asText } == events.map(\.name))
        #expect(events.map { $0.data["sequence_number"].asInteger } == Array(0..<events.count))
        #expect(events.compactMap { $0.data["delta"].asText }.joined() == "the cat")
        #expect(events[6].data["text"] == .string("the cat"))
        #expect(events[0].data["response"]["status"] == .string("in_progress"))
        let whole = events.last?.data["response"]
        #expect(whole?["output"][0]["content"][0]["text"] == .string("the cat"))
        #expect(whole?["usage"]["total_tokens"] == .integer(5))
        #expect(Set(events.compactMap { $0.data["item_id"].asText }).count == 1)
    }

    @Test func anErrorMidwayIsAnErrorAndAFailure() async {
        let engine = ScriptedEngine { _, _ in [.encoded(routes: []), .failed(.deadline)] }
        let events = events(await respond(#"{"input": "a", "stream": true}"#, engine)).suffix(2)
        #expect(events.map(\.name) == ["error", "response.failed"])
        #expect(events.first?.data["code"] == .string("deadline_exceeded"))
        #expect(events.last?.data["response"]["error"]["code"] == .string("deadline_exceeded"))
        #expect(events.map { $0.data["sequence_number"].asInteger } == [4, 5])
    }
}
