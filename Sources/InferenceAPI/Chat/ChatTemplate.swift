import JSON

/// A way to write conversations down that the operator gives in a file: what stands around each turn.
///
/// The file is a JSON object of strings: `system`, `user` and `assistant` each with one place `{content}`, and `start` and
/// `end` for what stands before the first turn and after the last. A role that the file leaves out is left out of
/// prompts.
package struct ChatTemplate: Equatable, Sendable {
    private static let place = "{content}"
    /// Bytes of the file.
    static let maximumBytes = 65_536

    private struct Turn: Equatable, Sendable {
        var before: String
        var after: String
    }

    private var start = ""
    private var end = ""
    private var turns: [ChatMessage.Role: Turn] = [:]

    /// Reads the bytes of a file.
    ///
    /// - Parameter file: its path, for errors.
    /// - Throws: what is wrong with it, as one sentence.
    init(_ bytes: [UInt8], file: String) throws(ChatTemplateError) {
        func fault(_ reason: String) -> ChatTemplateError { .malformed(file: file, reason: reason) }
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw fault("\(error)")
        }
        guard case .object(let members) = value else {
            throw fault("it must be a JSON object, but it is \(value.kind)")
        }
        for (name, member) in members.sorted(by: { $0.name < $1.name }) {
            guard case .string(let text) = member else {
                throw fault("'\(name.excerpt)' must be a string, but it is \(member.kind)")
            }
            switch (name, ChatMessage.Role(rawValue: name)) {
            case (_, let role?):
                let parts = text.split(separator: Self.place, omittingEmptySubsequences: false)
                guard parts.count == 2 else {
                    throw fault("'\(name)' must have {content} once, but it has it \(parts.count - 1) times")
                }
                turns[role] = Turn(before: String(parts[0]), after: String(parts[1]))
            case ("start", _): start = text
            case ("end", _): end = text
            default: throw fault("it may have start, system, user, assistant and end, but it has '\(name.excerpt)'")
            }
        }
        guard turns[.user] != nil else { throw fault("it has no 'user'") }
    }

    /// The prompt.
    func text(of messages: [ChatMessage]) -> String {
        var text = start
        for message in messages {
            guard let turn = turns[message.role] else { continue }
            text += turn.before + message.text + turn.after
        }
        return text + end
    }
}
