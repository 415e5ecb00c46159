/// OpenAI's text completion, whole or one chunk of a stream.
struct CompletionObject: Encodable, Sendable {
    var id: String
    let object = "text_completion"
    var created: Int
    var model: String
    var systemFingerprint: String
    var choices: [CompletionChoice]
    var usage: UsageMember = .absent

    enum CodingKeys: String, CodingKey {
        case id, object, created, model, choices, usage
        case systemFingerprint = "system_fingerprint"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(object, forKey: .object)
        try container.encode(created, forKey: .created)
        try container.encode(model, forKey: .model)
        try container.encode(systemFingerprint, forKey: .systemFingerprint)
        try container.encode(choices, forKey: .choices)
        switch usage {
        case .absent: break
        case .null: try container.encodeNil(forKey: .usage)
        case .counted(let usage): try container.encode(usage, forKey: .usage)
        }
    }
}

/// How a completion object speaks of usage: chunks of a stream leave it out, or say `null` until the last.
enum UsageMember: Equatable, Sendable {
    case absent
    case null
    case counted(Usage)
}

/// Tokens read and written.
struct Usage: Encodable, Equatable, Sendable {
    /// Encoder tokens of all prompts, `</s>` included.
    var promptTokens: Int
    /// Tokens of all returned choices, end tokens included.
    var completionTokens: Int

    enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case totalTokens = "total_tokens"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(promptTokens, forKey: .promptTokens)
        try container.encode(completionTokens, forKey: .completionTokens)
        try container.encode(promptTokens + completionTokens, forKey: .totalTokens)
    }
}
