import JSON

/// The answer of `POST /v1/beam_search`.
struct BeamSearchObject: Encodable, Sendable {
    struct Beam: Encodable, Sendable {
        var index: Int
        var text: String
        var tokenIDs: [Int32]
        /// The length-normalised score.
        @OrNull var score: Float?
        @OrNull var cumulativeLogprob: Float?
        @OrNull var finishReason: String?
        @OrNull var stopReason: StopReason?

        enum CodingKeys: String, CodingKey {
            case index, text, score
            case tokenIDs = "token_ids"
            case cumulativeLogprob = "cumulative_logprob"
            case finishReason = "finish_reason"
            case stopReason = "stop_reason"
        }

        init(_ choice: CompletionChoice) {
            index = choice.index
            text = choice.text
            tokenIDs = choice.tokenIDs ?? []
            score = choice.beamScore
            cumulativeLogprob = choice.cumulativeLogprob
            finishReason = choice.finishReason
            stopReason = choice.stopReason
        }
    }

    var id: String
    let object = "beam_search"
    var created: Int
    var model: String
    var systemFingerprint: String
    var beams: [Beam]
    var usage: Usage

    enum CodingKeys: String, CodingKey {
        case id, object, created, model, beams, usage
        case systemFingerprint = "system_fingerprint"
    }

    init(_ choices: [CompletionChoice], _ usage: Usage, of run: CompletionRun) {
        id = run.identity.id
        created = run.identity.created
        model = run.model.id
        systemFingerprint = run.model.systemFingerprint
        beams = choices.map(Beam.init)
        self.usage = usage
    }
}
