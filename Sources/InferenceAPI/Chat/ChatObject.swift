import JSON

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

/// What is said: all of it, or what a chunk adds.
struct ChatText: Encodable, Sendable {
    var role: String?
    var content: String?
}

/// A message that is complete.
struct ChatAnswer: Encodable, Sendable {
    let role = "assistant"
    var content: String
    /// The server refuses nothing, and says so where clients look for it.
    @OrNull var refusal: String? = nil
}

/// One choice of an answer, or what one chunk adds to it.
struct ChatChoice: Encodable, Sendable {
    var index: Int
    var message: ChatAnswer?
    var delta: ChatText?
    @OrNull var logprobs: ChatLogprobs? = nil
    @OrNull var finishReason: String? = nil
    @OrNull var stopReason: StopReason? = nil
    var tokenIDs: [Int32]?
    var promptTokenIDs: [Int32]?
    var routedExperts: RoutedExperts?
    var beamScore: Float?
    var cumulativeLogprob: Float?

    private enum CodingKeys: String, CodingKey {
        case index, message, delta, logprobs
        case finishReason = "finish_reason"
        case stopReason = "stop_reason"
        case tokenIDs = "token_ids"
        case promptTokenIDs = "prompt_token_ids"
        case routedExperts = "routed_experts"
        case beamScore = "beam_score"
        case cumulativeLogprob = "cumulative_logprob"
    }

    init(index: Int, delta: ChatText) {
        (self.index, self.delta) = (index, delta)
    }

    /// A choice that is complete.
    init(whole choice: CompletionChoice) {
        self.init(rest: choice)
        message = ChatAnswer(content: choice.text)
        logprobs = choice.logprobs.map(ChatLogprobs.init)
    }

    /// More text of a choice.
    init(delta part: CompletionChoice) {
        self.init(rest: part)
        delta = ChatText(content: part.text)
        logprobs = part.logprobs.map(ChatLogprobs.init)
    }

    /// The end of a choice, without the text of its last part.
    init(end part: CompletionChoice) {
        self.init(rest: part)
        delta = ChatText()
    }

    private init(rest choice: CompletionChoice) {
        index = choice.index
        (finishReason, stopReason) = (choice.finishReason, choice.stopReason)
        (tokenIDs, promptTokenIDs) = (choice.tokenIDs, choice.promptTokenIDs)
        routedExperts = choice.routedExperts
        (beamScore, cumulativeLogprob) = (choice.beamScore, choice.cumulativeLogprob)
    }
}

/// Log-probabilities in the shape of OpenAI's chat.
struct ChatLogprobs: Encodable, Sendable {
    struct Alternative: Encodable, Sendable {
        var token: String
        var logprob: Float
        var bytes: [UInt8]

        init(_ token: TokenText.Written, _ logprob: Float) {
            (self.token, bytes, self.logprob) = (token.text, token.bytes, logprob)
        }
    }

    struct Token: Encodable, Sendable {
        var token: String
        var logprob: Float
        var bytes: [UInt8]
        /// The most probable tokens in its place, best first.
        var top: [Alternative]

        private enum CodingKeys: String, CodingKey {
            case token, logprob, bytes
            case top = "top_logprobs"
        }
    }

    var content: [Token]
    @OrNull var refusal: String? = nil

    init(_ logprobs: Logprobs) {
        content = logprobs.entries.map { entry in
            Token(
                token: entry.token.text,
                logprob: entry.logprob ?? 0,
                bytes: entry.token.bytes,
                top: entry.top.map { Alternative($0.token, $0.logprob) }
            )
        }
    }
}
