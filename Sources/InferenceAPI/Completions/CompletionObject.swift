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
        try container.encode(usage, forKey: .usage)
    }
}
