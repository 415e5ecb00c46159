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

/// How an object speaks of usage: chunks of a stream leave it out, or say `null` until the last.
enum UsageMember: Equatable, Sendable {
    case absent
    case null
    case counted(Usage)
}

extension KeyedEncodingContainer {
    /// Writes the member, or leaves it out.
    mutating func encode(_ usage: UsageMember, forKey key: Key) throws {
        switch usage {
        case .absent: break
        case .null: try encodeNil(forKey: key)
        case .counted(let usage): try encode(usage, forKey: key)
        }
    }
}

extension CompletionParameters.Delivery {
    /// Whether usage comes at the end of a stream.
    var includesUsage: Bool {
        switch self {
        case .stream(.atEnd), .stream(.continuously): true
        case .stream(.never), .whole: false
        }
    }

    /// What a chunk says of usage.
    func usage(of soFar: Usage) -> UsageMember {
        switch self {
        case .stream(.continuously): .counted(soFar)
        case .stream(.atEnd): .null
        case .stream(.never), .whole: .absent
        }
    }
}
