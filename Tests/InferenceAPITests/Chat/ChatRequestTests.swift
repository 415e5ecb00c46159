import JSON
import Testing

@testable import InferenceAPI

/// What becomes of a conversation before anything is tokenised or run.
@Suite struct ChatRequestTests {
    static let setting = DialectSetting(
        model: ServedModel(
            id: "m",
            created: 0,
            tokenizer: ToyTokenizer(),
            vocabularySize: ToyTokenizer.pieces.count,
            endTokens: [1],
            systemFingerprint: "f"
        ),
        configuration: APIConfiguration()
    )

    private func plain(_ json: String) throws -> PlainRequest {
        guard case .object(let members) = JSONValue(parsing: Array(json.utf8)) else { throw APIError.cancelled }
        return try ChatRequest(members, Self.setting).plain
    }

    /// The request with one user message and more members.
    private func plain(with more: String) throws -> PlainRequest {
        try plain(#"{"messages": [{"role": "user", "content": "the cat"}], \#(more)}"#)
    }

    private func refusal(_ json: String) -> (message: String, param: String?) {
        do {
            _ = try plain(json)
        } catch let error as APIError {
            return (error.face.message, error.face.parameter)
        } catch {}
        return ("", nil)
    }

    @Test(arguments: [
        #""the cat""#, #"[{"type": "text", "text": "the cat"}]"#,
        #"[{"type": "text", "text": "the cat", "annotations": null}]"#,
    ])
    func contentIsTextOrPartsOfIt(content: String) throws {
        let json =
            #"{"messages": [{"role": "system", "content": null}, {"role": "user", "name": "n", "content": \#(content)}]}"#
        let plain = try plain(json)
        #expect(plain.members == ["prompt": .string("the cat")])
        #expect(plain.names == ["prompt": "messages"] && plain.unknownNames.isEmpty)
    }

    @Test func partsHaveALineBreakBetweenThem() throws {
        let parts = #"[{"type": "text", "text": "the"}, {"type": "text", "text": "cat"}]"#
        #expect(
            try plain(#"{"messages": [{"role": "user", "content": \#(parts)}]}"#).members["prompt"]
                == .string("the\ncat")
        )
    }

    @Test func membersOfCompletionsGoOnAndThoseWithoutAMeaningDoNot() throws {
        let plain = try plain(
            with: #""num_beams": 4, "max_completion_tokens": 5, "echo": true, "suffix": "s", "prompt": "p""#
        )
        #expect(plain.members["num_beams"] == .integer(4) && plain.members["max_completion_tokens"] == .integer(5))
        #expect(plain.members["echo"] == nil && plain.members["suffix"] == nil)
        #expect(plain.members["prompt"] == .string("the cat"))
        #expect(plain.unknownNames.sorted() == ["echo", "prompt", "suffix"])
    }

    @Test func logprobsAreAFlagAndANumber() throws {
        #expect(try plain(with: #""logprobs": true, "top_logprobs": 20"#).members["logprobs"] == .integer(20))
        #expect(try plain(with: #""logprobs": true"#).members["logprobs"] == .integer(0))
        #expect(try plain(with: #""logprobs": false, "top_logprobs": 0"#).members["logprobs"] == nil)
    }

    @Test func nullsOfEveryKindSayNothing() throws {
        let nulls =
            #""tools": null, "tool_choice": null, "functions": [], "logprobs": null, "audio": null, "modalities": null"#
        let json =
            #"{"messages": [{"role": "assistant", "content": null, "tool_calls": null, "refusal": null, "audio": null},"#
            + #"{"role": "developer", "content": []}, {"role": "user", "content": "a", "tool_calls": []}], \#(nulls)}"#
        let plain = try plain(json)
        #expect(plain.members == ["prompt": .string("a")] && plain.unknownNames.isEmpty)
    }

    @Test func toolsThatAreOfferedGoOnToBeNamedAsUnknown() throws {
        let plain = try plain(with: #""tools": [{"type": "function"}], "tool_choice": "auto""#)
        #expect(plain.members["tools"] != nil && plain.members["tool_choice"] == nil)
    }

    @Test func unknownMembersOfMessagesAndPartsAreNamed() throws {
        let json = #"{"messages": [{"role": "user", "mood": 1, "content": [{"type": "text", "text": "a", "x": 2}]}]}"#
        #expect(try plain(json).unknownNames.sorted() == ["messages.0.content.0.x", "messages.0.mood"])
    }

    @Test(arguments: [
        (#"{}"#, "messages"), (#"{"messages": []}"#, "messages"), (#"{"messages": "a"}"#, "messages"),
        (#"{"messages": [1]}"#, "messages.0"), (#"{"messages": [{"content": "a"}]}"#, "messages.0.role"),
        (#"{"messages": [{"role": "owner", "content": "a"}]}"#, "messages.0.role"),
        (#"{"messages": [{"role": 1}]}"#, "messages.0.role"),
        (#"{"messages": [{"role": "tool", "tool_call_id": "x", "content": "a"}]}"#, "messages.0.role"),
        (#"{"messages": [{"role": "assistant", "tool_calls": [{}]}]}"#, "messages.0.tool_calls"),
        (#"{"messages": [{"role": "user", "content": 7}]}"#, "messages.0.content"),
        (#"{"messages": [{"role": "user", "content": ["a"]}]}"#, "messages.0.content.0"),
        (#"{"messages": [{"role": "user", "content": [{"text": "a"}]}]}"#, "messages.0.content.0"),
        (#"{"messages": [{"role": "user", "content": [{"type": "text"}]}]}"#, "messages.0.content.0.text"),
        (
            #"{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]}]}"#,
            "messages.0.content.1"
        ),
        (#"{"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}"#, "messages.0.content.0"),
        (#"{"messages": [{"role": "system", "content": "a"}]}"#, "messages"),
    ])
    func whatIsNoConversationIsRefusedByName(json: String, parameter: String) {
        let (message, found) = refusal(json)
        #expect(found == parameter && message.contains("'\(parameter)'"), "\(message)")
    }

    @Test(arguments: [
        (#""tool_choice": "required""#, "tool_choice"), (#""tool_choice": {"type": "function"}"#, "tool_choice"),
        (#""tool_choice": 5"#, "tool_choice"), (#""function_call": {"name": "f"}"#, "function_call"),
        (#""tools": {}"#, "tools"), (#""logprobs": 3"#, "logprobs"), (#""top_logprobs": 2"#, "top_logprobs"),
        (#""logprobs": true, "top_logprobs": 21"#, "top_logprobs"), (#""modalities": ["audio"]"#, "modalities"),
        (#""audio": {}"#, "audio"),
    ])
    func whatIsNotDoneIsRefusedByName(members: String, parameter: String) {
        let (message, found) = refusal(#"{"messages": [{"role": "user", "content": "a"}], \#(members)}"#)
        #expect(found == parameter && message.contains("'\(parameter)'"), "\(message)")
    }

    @Test func thereAreSoManyMessagesAndPartsAndNoMore() {
        func user(_ content: String) -> String { #"{"role": "user", "content": \#(content)}"# }
        func list(_ item: String, _ count: Int) -> String {
            "[\(repeatElement(item, count: count).joined(separator: ","))]"
        }
        let limit = APIConfiguration().maximumMessages
        #expect(refusal(#"{"messages": \#(list(user(#""a""#), limit))}"#).param == nil)
        #expect(refusal(#"{"messages": \#(list(user(#""a""#), limit + 1))}"#).param == "messages")
        let parts = list(#"{"type": "text", "text": "a"}"#, limit + 1)
        #expect(refusal(#"{"messages": [\#(user(parts))]}"#).param == "messages.0.content")
    }
}
