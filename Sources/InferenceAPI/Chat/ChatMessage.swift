/// One turn of a conversation, in text.
package struct ChatMessage: Equatable, Sendable {
    /// Who speaks.
    package enum Role: String, CaseIterable, Sendable {
        /// The operator of a client, of no weight but what the rule for prompts gives it; OpenAI also says `developer`.
        case system
        case user
        case assistant
    }

    var role: Role
    /// Parts of a message have a line break between them.
    var text: String
}
