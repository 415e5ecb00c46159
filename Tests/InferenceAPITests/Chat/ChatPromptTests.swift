import Foundation
import Testing

@testable import InferenceAPI

@Suite struct ChatPromptTests {
    private let conversation: [ChatMessage] = [
        ChatMessage(role: .system, text: "Be brief."), ChatMessage(role: .user, text: "the cat"),
        ChatMessage(role: .assistant, text: ""), ChatMessage(role: .user, text: "the {content}"),
    ]

    private func template(_ json: String) throws -> ChatTemplate {
        try ChatTemplate(Array(json.utf8), file: "f")
    }

    @Test func theLastUserMessageAloneIsThePrompt() {
        #expect(ChatPrompt.lastUser.text(of: conversation) == "the {content}")
        #expect(ChatPrompt.lastUser.text(of: Array(conversation.prefix(1))) == nil)
        let answered = Array(conversation.prefix(2)) + [ChatMessage(role: .assistant, text: "a")]
        #expect(ChatPrompt.lastUser.text(of: answered) == "the cat")
    }

    @Test func joinedMessagesHaveALineBreakBetweenThemAndNoEmptyOnes() {
        #expect(ChatPrompt.joined.text(of: conversation) == "Be brief.\nthe cat\nthe {content}")
        #expect(ChatPrompt.joined.text(of: [conversation[1]]) == "the cat")
    }

    @Test func anEncoderAnswersTheLastMessageAndALanguageModelGoesOnWithAll() {
        #expect(ChatPrompt.suiting(.encoderDecoder) == .lastUser)
        #expect(ChatPrompt.suiting(.languageModel) == .joined)
    }

    @Test func aTemplateStandsAroundEachTurn() throws {
        let json =
            #"{"start": "<", "system": "S {content}\n", "user": "U {content}\n", "assistant": "A {content}\n", "end": "A"}"#
        let text = ChatPrompt.template(try template(json)).text(of: conversation)
        // What a client writes is never a place.
        #expect(text == "<S Be brief.\nU the cat\nA \nU the {content}\nA")
    }

    @Test func aRoleThatTheTemplateLeavesOutIsLeftOutOfThePrompt() throws {
        #expect(try template(#"{"user": "{content}|"}"#).text(of: conversation) == "the cat|the {content}|")
    }

    @Test(arguments: [
        ("", "end"), ("[]", "an array"), ("{}", "no 'user'"), (#"{"user": "Q:"}"#, "0 times"),
        (#"{"user": "{content}{content}"}"#, "2 times"), (#"{"user": "{content}", "tool": "x"}"#, "'tool'"),
        (#"{"user": "{content}", "start": 1}"#, "a number"), (#"{"user": null}"#, "null"),
        (#"{"user": "{content}", "end": "\ud800"}"#, "cannot be followed"),
    ])
    func aTemplateThatCannotBeFollowedIsRefusedInOneSentence(json: String, words: String) {
        let error = #expect(throws: ChatTemplateError.self) { try template(json) }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix("the chat prompt file f cannot be followed: ") == true)
    }

    @Test func aFileIsReadUpToALimit() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "chat-prompt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.path + "/turns.json"
        #expect(throws: ChatTemplateError.unreadable(file: file)) { try ChatTemplate(contentsOf: file) }
        try #"{"user": "{content}!"}"#.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try ChatTemplate(contentsOf: file).text(of: [conversation[1]]) == "the cat!")
        let long = String(repeating: " ", count: ChatTemplate.maximumBytes)
        try (#"{"user": "{content}"}"# + long).write(toFile: file, atomically: true, encoding: .utf8)
        #expect(throws: ChatTemplateError.self) { try ChatTemplate(contentsOf: file) }
        #expect(throws: ChatTemplateError.self) { try ChatTemplate(contentsOf: folder.path) }
        #expect(throws: ChatTemplateError.self) { try ChatTemplate(contentsOf: "/dev/zero") }
    }
}
