/// The one item of a response's output: what was answered, or its empty beginning.
struct ResponseMessage: Encodable, Sendable {
    /// The text of a message.
    struct Part: Encodable, Sendable {
        let type = "output_text"
        var text: String
        let annotations: [String] = []
        let logprobs: [String] = []
    }

    let id: String
    let type = "message"
    let role = "assistant"
    private(set) var status = "in_progress"
    private(set) var content: [Part] = []

    /// A message of which nothing is there.
    init(of run: CompletionRun) {
        id = "msg_" + run.identity.id.dropFirst(ResponsesRequest.idPrefix.count)
    }

    /// A message that is complete.
    init(of run: CompletionRun, _ choice: CompletionChoice) {
        self.init(of: run)
        complete(choice.text, finishReason: choice.finishReason)
    }

    /// Why it is not all that could have been said; nil when it is.
    private(set) var incompleteness: ResponseObject.Incompleteness?

    /// - Parameter finishReason: as completions have it.
    mutating func complete(_ text: String, finishReason: String?) {
        content = [Part(text: text)]
        incompleteness = finishReason == "length" ? .init() : nil
        status = incompleteness == nil ? "completed" : "incomplete"
    }

    private enum CodingKeys: String, CodingKey {
        case id, type, role, status, content
    }
}
