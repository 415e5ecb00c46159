import JSON

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
