import JSON

/// Reads the turns of a conversation, and what in them nobody understands.
struct MessageReader {
    /// How an endpoint writes messages.
    struct Shape: Sendable {
        /// Types of the parts that are text.
        let textParts: Set<String>
        /// Members of a message that are known and say nothing to this server.
        let silentMembers: Set<String>
        /// Members that no message may have, unless they are null or empty.
        let refusedMembers: Set<String>

        static let chat = Shape(
            textParts: ["text"],
            silentMembers: ["name", "refusal", "annotations"],
            refusedMembers: ["tool_calls", "function_call", "tool_call_id", "audio"]
        )
        static let responses = Shape(
            textParts: ["input_text", "output_text", "text"],
            silentMembers: ["id", "type", "status", "phase"],
            refusedMembers: []
        )
    }

    let shape: Shape
    /// Messages, and parts of one.
    let maximumCount: Int
    private(set) var unknownNames: [String] = []

    init(_ shape: Shape, maximumCount: Int) {
        (self.shape, self.maximumCount) = (shape, maximumCount)
    }

    /// - Parameter name: of the member the messages are in, for errors.
    mutating func messages(_ items: [JSONValue], named name: String) throws(APIError) -> [ChatMessage] {
        guard !items.isEmpty else { throw .invalid(parameter: name, "'\(name)' must not be empty.") }
        try checkCount(items.count, of: "messages", named: name)
        var messages: [ChatMessage] = []
        for (number, item) in items.enumerated() { messages.append(try message(item, named: "\(name).\(number)")) }
        return messages
    }

    private mutating func message(_ value: JSONValue, named name: String) throws(APIError) -> ChatMessage {
        guard case .object(let members) = value else { throw .wrongType(name, "an object", value) }
        var reader = ParameterReader(members, prefix: name + ".")
        let role = try role(&reader, named: name)
        for member in shape.silentMembers { _ = reader.value(member) }
        for member in shape.refusedMembers.sorted() {
            guard let value = reader.value(member), value != .array([]) else { continue }
            throw .invalid(
                parameter: "\(name).\(member)",
                "'\(name).\(member)' is not supported: this server reads and writes text alone."
            )
        }
        let text = try text(reader.value("content"), named: name + ".content")
        unknownNames += reader.unknownNames
        return ChatMessage(role: role, text: text)
    }

    private func role(_ reader: inout ParameterReader, named name: String) throws(APIError) -> ChatMessage.Role {
        guard let text = try reader.text("role") else {
            throw .invalid(parameter: name + ".role", "'\(name).role' is required.")
        }
        if text == "developer" { return .system }
        if let role = ChatMessage.Role(rawValue: text) { return role }
        let callsTools = ["tool", "function"].contains(text)
        throw .invalid(
            parameter: name + ".role",
            "'\(name).role' must be system, developer, user or assistant, but it is \"\(text.excerpt)\""
                + (callsTools ? ": this server calls no tools, so it reads no results of theirs." : ".")
        )
    }

    /// Null is no text; parts have a line break between them.
    private mutating func text(_ value: JSONValue?, named name: String) throws(APIError) -> String {
        switch value {
        case nil: return ""
        case .string(let text): return text
        case .array(let parts):
            try checkCount(parts.count, of: "parts", named: name)
            var texts: [String] = []
            for (number, part) in parts.enumerated() { texts.append(try self.part(part, named: "\(name).\(number)")) }
            return texts.joined(separator: "\n")
        case .some(let value): throw .wrongType(name, "a string or an array of parts", value)
        }
    }

    private mutating func part(_ value: JSONValue, named name: String) throws(APIError) -> String {
        guard case .object(let members) = value else { throw .wrongType(name, "an object with a type", value) }
        var reader = ParameterReader(members, prefix: name + ".")
        let type = try reader.text("type") ?? ""
        guard shape.textParts.contains(type) else {
            throw .invalid(
                parameter: name,
                "'\(name)' must be of the type \(shape.textParts.sorted().joined(separator: " or ")), "
                    + "but it is \"\(type.excerpt)\": this server reads text alone."
            )
        }
        guard let text = try reader.text("text") else {
            throw .invalid(parameter: name + ".text", "'\(name).text' is required.")
        }
        for member in ["annotations", "logprobs"] { _ = reader.value(member) }
        unknownNames += reader.unknownNames
        return text
    }

    private func checkCount(_ count: Int, of what: String, named name: String) throws(APIError) {
        guard count > maximumCount else { return }
        throw .invalid(parameter: name, "'\(name)' has \(count) \(what), but at most \(maximumCount) are allowed.")
    }
}
