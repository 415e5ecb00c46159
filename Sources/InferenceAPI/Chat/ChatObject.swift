/// OpenAI's chat completion, whole or one chunk of a stream.
struct ChatObject: Encodable, Sendable {
    private enum CodingKeys: String, CodingKey {
        case id, object, created, model, choices, usage
        case systemFingerprint = "system_fingerprint"
    }

    private let identity: AnswerIdentity
    private let object: String
    private let model: String
    private let systemFingerprint: String
    private let choices: [ChatChoice]
    private let usage: UsageMember

    init(_ run: CompletionRun, _ choices: [ChatChoice], _ usage: UsageMember, isChunk: Bool = false) {
        identity = run.identity
        object = isChunk ? "chat.completion.chunk" : "chat.completion"
        (model, systemFingerprint) = (run.model.id, run.model.systemFingerprint)
        (self.choices, self.usage) = (choices, usage)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(identity.id, forKey: .id)
        try container.encode(object, forKey: .object)
        try container.encode(identity.created, forKey: .created)
        try container.encode(model, forKey: .model)
        try container.encode(systemFingerprint, forKey: .systemFingerprint)
        try container.encode(choices, forKey: .choices)
        try container.encode(usage, forKey: .usage)
    }
}
