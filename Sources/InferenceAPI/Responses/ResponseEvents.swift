import JSON

/// The events of a response, in OpenAI's order: the response, its one message and the message's one part begin, the text
/// comes, and all three end.
struct ResponseEvents: AnswerEvents {
    private let run: CompletionRun
    private let said: SaidAgain
    private var message: ResponseMessage
    private var text = ""
    private var finishReason: String?
    private var number = 0

    init(run: CompletionRun, said: SaidAgain) {
        (self.run, self.said) = (run, said)
        message = ResponseMessage(of: run)
    }

    mutating func begin() -> [ServerSentEvent] {
        let response = ResponseObject(run, said, .begun)
        return [
            event("response.created") { $0.response = response },
            event("response.in_progress") { $0.response = response },
            event("response.output_item.added") { [message] in
                ($0.outputIndex, $0.item) = (0, message)
            },
            ofPart("response.content_part.added") { $0.part = ResponseMessage.Part(text: "") },
        ]
    }

    mutating func part(_ part: CompletionChoice, _ usage: Usage) -> [ServerSentEvent] {
        text += part.text
        finishReason = part.finishReason ?? finishReason
        guard !part.text.isEmpty else { return [] }
        return [
            ofPart("response.output_text.delta") { ($0.delta, $0.logprobs) = (part.text, []) }
        ]
    }

    mutating func end(_ usage: Usage) -> [ServerSentEvent] {
        message.complete(text, finishReason: finishReason)
        let response = ResponseObject(run, said, .complete(message, usage))
        let isComplete = message.incompleteness == nil
        return [
            ofPart("response.output_text.done") { [text] in ($0.text, $0.logprobs) = (text, []) },
            ofPart("response.content_part.done") { [text] in $0.part = ResponseMessage.Part(text: text) },
            event("response.output_item.done") { [message] in ($0.outputIndex, $0.item) = (0, message) },
            event(isComplete ? "response.completed" : "response.incomplete") { $0.response = response },
        ]
    }

    mutating func failure(_ error: APIError) -> [ServerSentEvent] {
        let response = ResponseObject(run, said, .failed(error))
        defer { number += 1 }
        return [
            ServerSentEvent(ErrorEvent(error.face, number: number), name: "error"),
            ServerSentEvent(Event("response.failed", number: number + 1, response: response), name: "response.failed"),
        ]
    }

    private mutating func ofPart(_ type: String, _ fill: (inout Event) -> Void) -> ServerSentEvent {
        let id = message.id
        return event(type) {
            ($0.itemID, $0.outputIndex, $0.contentIndex) = (id, 0, 0)
            fill(&$0)
        }
    }

    private mutating func event(_ type: String, _ fill: (inout Event) -> Void) -> ServerSentEvent {
        var event = Event(type, number: number)
        fill(&event)
        number += 1
        return ServerSentEvent(event, name: type)
    }
}

extension ResponseEvents {
    /// An event with the members that its type has.
    private struct Event: Encodable {
        let type: String
        let number: Int
        var response: ResponseObject?
        var item: ResponseMessage?
        var part: ResponseMessage.Part?
        var itemID: String?
        var outputIndex: Int?
        var contentIndex: Int?
        var delta: String?
        var text: String?
        var logprobs: [String]?

        init(_ type: String, number: Int, response: ResponseObject? = nil) {
            (self.type, self.number, self.response) = (type, number, response)
        }

        private enum CodingKeys: String, CodingKey {
            case type, response, item, part, delta, text, logprobs
            case number = "sequence_number"
            case itemID = "item_id"
            case outputIndex = "output_index"
            case contentIndex = "content_index"
        }
    }

    private struct ErrorEvent: Encodable {
        let type = "error"
        let number: Int
        let message: String
        @OrNull var code: String?
        @OrNull var param: String?

        init(_ face: ErrorFace, number: Int) {
            (self.number, message) = (number, face.message)
            (code, param) = (face.code, face.parameter?.excerpt)
        }

        private enum CodingKeys: String, CodingKey {
            case type, message, code, param
            case number = "sequence_number"
        }
    }
}
