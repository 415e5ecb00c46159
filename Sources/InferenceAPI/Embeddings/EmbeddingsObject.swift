/// The answer of `POST /v1/embeddings`.
struct EmbeddingsObject: Encodable, Sendable {
    enum Embedding: Encodable, Sendable {
        case float([Float])
        case base64(String)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .float(let elements): try container.encode(elements)
            case .base64(let text): try container.encode(text)
            }
        }
    }

    struct Entry: Encodable, Sendable {
        let object = "embedding"
        var index: Int
        var embedding: Embedding
    }

    struct Usage: Encodable, Sendable {
        var promptTokens: Int

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case totalTokens = "total_tokens"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(promptTokens, forKey: .promptTokens)
            try container.encode(promptTokens, forKey: .totalTokens)
        }
    }

    let object = "list"
    var data: [Entry]
    var model: String
    var usage: Usage
}
