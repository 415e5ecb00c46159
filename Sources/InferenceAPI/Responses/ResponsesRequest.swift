import JSON

/// `POST /v1/responses`, in text alone.
struct ResponsesRequest: StreamedDialect {
    static let idPrefix = "resp_"
    static let operation = "chat"

    let plain: PlainRequest
    /// What the answer says again.
    let said: SaidAgain

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        var reader = ParameterReader(members)
        var messages = MessageReader(.responses, maximumCount: setting.configuration.maximumMessages)
        let instructions = try reader.text("instructions")
        var conversation = instructions.map { [ChatMessage(role: .system, text: $0)] } ?? []
        conversation += try Self.input(&reader, &messages)
        try Self.checkState(&reader)
        try ToolMembers.check(&reader)
        let unknownOfText = try Self.checkText(&reader)
        said = SaidAgain(
            instructions: instructions,
            metadata: try Self.metadata(&reader),
            temperature: reader.peek("temperature")?.asNumber,
            topP: reader.peek("top_p")?.asNumber
        )
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(Self.strangers)
        plain.passOver(messages.unknownNames + unknownOfText)
        let prompt = try setting.prompt(of: conversation, named: "input")
        plain.set("prompt", to: .string(prompt), from: "input")
        plain.rename("max_output_tokens", to: "max_tokens")
        self.plain = plain
    }

    /// Members of completions that have no place in an answer of this shape, or are called otherwise.
    private static let strangers: Set<String> = [
        "prompt", "suffix", "echo", "logprobs", "n", "num_return_sequences", "best_of", "stream_options", "max_tokens",
        "max_new_tokens", "max_completion_tokens", "return_token_ids", "return_tokens_as_token_ids",
        "return_routed_experts",
    ]

    private static func input(
        _ reader: inout ParameterReader,
        _ messages: inout MessageReader
    ) throws(APIError) -> [ChatMessage] {
        switch reader.value("input") {
        case nil: throw .invalid(parameter: "input", "'input' is required.")
        case .string(let text): return [ChatMessage(role: .user, text: text)]
        case .array(let items):
            for (number, item) in items.enumerated() { try checkType(of: item, named: "input.\(number)") }
            return try messages.messages(items, named: "input")
        case .some(let value): throw .wrongType("input", "a string or an array of messages", value)
        }
    }

    private static func checkType(of item: JSONValue, named name: String) throws(APIError) {
        guard case .object(let members) = item, let type = members["type"], type != .null else { return }
        guard type != .string("message") else { return }
        throw .outOfRange(name + ".type", "\"message\"", type)
    }

    /// Refuses what needs an earlier answer: the server keeps none.
    private static func checkState(_ reader: inout ParameterReader) throws(APIError) {
        for name in ["previous_response_id", "conversation", "prompt"] where reader.value(name) != nil {
            throw .invalid(parameter: name, "'\(name)' is not supported: this server keeps nothing between requests.")
        }
        if try reader.flag("background") ?? false {
            throw .invalid(parameter: "background", "'background' must be false: this server answers at once.")
        }
        _ = try reader.flag("store")
        if reader.peek("include") == .array([]) { _ = reader.value("include") }
        if reader.peek("truncation") == .string("disabled") { _ = reader.value("truncation") }
    }

    /// At most 16 texts, as OpenAI has it.
    private static func metadata(_ reader: inout ParameterReader) throws(APIError) -> [String: String] {
        let members = try reader.object("metadata") ?? [:]
        guard members.count <= 16 else {
            throw .invalid(
                parameter: "metadata",
                "'metadata' has \(members.count) members, but at most 16 are allowed."
            )
        }
        var texts: [String: String] = [:]
        for (name, value) in members {
            guard case .string(let text) = value else { throw .wrongType("metadata", "an object of strings", value) }
            texts[name] = text
        }
        return texts
    }

    /// - Returns: members of `text` that nobody asked for.
    private static func checkText(_ reader: inout ParameterReader) throws(APIError) -> [String] {
        guard let members = try reader.object("text") else { return [] }
        var text = ParameterReader(members, prefix: "text.")
        if let format = try text.object("format"), format["type"] != .string("text") {
            throw .invalid(
                parameter: "text.format",
                "'text.format' must be {\"type\": \"text\"}: this server does not hold answers to a form."
            )
        }
        return text.unknownNames
    }

    func whole(_ choices: [CompletionChoice], _ usage: Usage, of run: CompletionRun) -> ResponseObject {
        let message = ResponseMessage(of: run, choices.first ?? CompletionChoice(index: 0))
        return ResponseObject(run, said, .complete(message, usage))
    }

    func events(of run: CompletionRun) -> ResponseEvents { ResponseEvents(run: run, said: said) }
}

/// Members of a request that its answer repeats.
struct SaidAgain: Sendable {
    var instructions: String?
    var metadata: [String: String]
    var temperature: Double?
    var topP: Double?
}
