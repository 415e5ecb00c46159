/// The rule by which the messages of a conversation become one prompt.
package enum ChatPrompt: Equatable, Sendable {
    /// The text of the last user message, and nothing else.
    case lastUser
    /// The texts of all messages that have one, in order, with a line break between two; no roles.
    case joined
    /// The operator's, from a file.
    case template(ChatTemplate)

    /// The rule where the operator names none: a model with an encoder answers the last user message, so that nobody's
    /// instructions are translated; a language model goes on with the conversation.
    static func suiting(_ architecture: ServedModel.Architecture) -> ChatPrompt {
        switch architecture {
        case .encoderDecoder, .encoder: .lastUser
        case .languageModel: .joined
        }
    }

    /// What `/v1/models` calls it, and the flag.
    package var name: String {
        switch self {
        case .lastUser: "last-user"
        case .joined: "joined"
        case .template: "template"
        }
    }

    /// The prompt; nil when the rule finds none of the messages to be one.
    func text(of messages: [ChatMessage]) -> String? {
        switch self {
        case .lastUser: messages.last { $0.role == .user }?.text
        case .joined: messages.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n")
        case .template(let template): template.text(of: messages)
        }
    }
}

extension DialectSetting {
    /// The prompt that messages come to.
    ///
    /// - Parameter name: the member they were in, for errors.
    func prompt(of messages: [ChatMessage], named name: String) throws(APIError) -> String {
        let rule = configuration.chatPrompt ?? .suiting(model.architecture)
        if let text = rule.text(of: messages) { return text }
        throw .invalid(parameter: name, "'\(name)' must have a message of the role user: the last one is the prompt.")
    }
}
