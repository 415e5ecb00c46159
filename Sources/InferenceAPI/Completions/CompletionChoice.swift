import JSON

/// One choice of a completion, or the part of it that one chunk of a stream carries.
struct CompletionChoice: Encodable, Sendable {
    var text = ""
    var index: Int
    @OrNull var logprobs: Logprobs? = nil
    @OrNull var finishReason: String? = nil
    @OrNull var stopReason: StopReason? = nil
    var tokenIDs: [Int32]? = nil
    var promptTokenIDs: [Int32]? = nil
    var routedExperts: RoutedExperts? = nil
    /// The length-normalised score of a choice found by beam search; nil where it is no finite number.
    var beamScore: Float? = nil
    var cumulativeLogprob: Float? = nil
    /// By token, the weights over the prompt's; not part of a completion.
    var crossAttention: [[Float]]? = nil

    enum CodingKeys: String, CodingKey {
        case text, index, logprobs
        case finishReason = "finish_reason"
        case stopReason = "stop_reason"
        case tokenIDs = "token_ids"
        case promptTokenIDs = "prompt_token_ids"
        case routedExperts = "routed_experts"
        case beamScore = "beam_score"
        case cumulativeLogprob = "cumulative_logprob"
    }

    /// Adds the next part of the same choice.
    mutating func append(_ part: CompletionChoice) {
        text += part.text
        if let more = part.logprobs {
            if logprobs == nil { logprobs = more } else { logprobs?.append(more) }
        }
        if let more = part.tokenIDs { tokenIDs = (tokenIDs ?? []) + more }
        finishReason = part.finishReason ?? finishReason
        stopReason = part.stopReason ?? stopReason
        promptTokenIDs = part.promptTokenIDs ?? promptTokenIDs
        routedExperts = part.routedExperts ?? routedExperts
        beamScore = part.beamScore ?? beamScore
        cumulativeLogprob = part.cumulativeLogprob ?? cumulativeLogprob
        crossAttention = part.crossAttention ?? crossAttention
    }
}

/// What ended a choice, other than the model's own end token.
enum StopReason: Encodable, Equatable, Sendable {
    case text(String)
    case token(Int32)

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .token(let id): try container.encode(id)
        }
    }
}
