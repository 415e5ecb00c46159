import JSON

/// `POST /v1/chat/completions`.
struct ChatRequest: StreamedDialect {
    static let idPrefix = "chatcmpl-"
    static let operation = "chat"

    let plain: PlainRequest

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        var reader = ParameterReader(members)
        var messages = MessageReader(.chat, maximumCount: setting.configuration.maximumMessages)
        let conversation: [ChatMessage]
        switch reader.value("messages") {
        case nil: throw .invalid(parameter: "messages", "'messages' is required.")
        case .array(let items): conversation = try messages.messages(items, named: "messages")
        case .some(let value): throw .wrongType("messages", "an array of messages", value)
        }
        try ToolMembers.check(&reader)
        try Self.checkModalities(&reader)
        let logprobs = try Self.logprobs(&reader, limit: setting.configuration.maximumChatLogprobs)
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(["prompt", "suffix", "echo"])
        plain.passOver(messages.unknownNames)
        let prompt = try setting.prompt(of: conversation, named: "messages")
        plain.set("prompt", to: .string(prompt), from: "messages")
        if let logprobs { plain.set("logprobs", to: .integer(logprobs), from: "logprobs") }
        plain.maximumLogprobs = setting.configuration.maximumChatLogprobs
        self.plain = plain
    }

    /// Alternatives beside each token; nil for no log-probabilities.
    private static func logprobs(_ reader: inout ParameterReader, limit: Int) throws(APIError) -> Int? {
        let isAsked = try reader.flag("logprobs") ?? false
        let count = try reader.integer("top_logprobs", in: 0...limit)
        if let count, count > 0, !isAsked {
            throw .invalid(parameter: "top_logprobs", "'top_logprobs' needs 'logprobs' to be true.")
        }
        return isAsked ? count ?? 0 : nil
    }

    private static func checkModalities(_ reader: inout ParameterReader) throws(APIError) {
        if let modalities = reader.value("modalities"), modalities != .array([.string("text")]) {
            throw .invalid(parameter: "modalities", "'modalities' must be [\"text\"]: this server writes text alone.")
        }
        if reader.value("audio") != nil {
            throw .invalid(parameter: "audio", "'audio' is not supported: this server writes text alone.")
        }
    }

    func whole(_ choices: [CompletionChoice], _ usage: Usage, of run: CompletionRun) -> ChatObject {
        ChatObject(run, choices.map { ChatChoice(whole: $0) }, .counted(usage))
    }

    func events(of run: CompletionRun) -> ChatEvents { ChatEvents(run: run) }
}
