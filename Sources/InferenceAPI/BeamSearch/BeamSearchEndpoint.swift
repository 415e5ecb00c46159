import HTTPServing
import JSON

/// `POST /v1/beam_search`: beam search in one plain request, the best beam first.
struct BeamSearchEndpoint: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (_, run) = try await context.startRun(request, as: BeamSearchRequest.self)
        let (choices, usage) = try await run.choices()
        return .json(
            BeamSearchObject(
                id: run.identity.id,
                created: run.identity.created,
                model: run.model.id,
                systemFingerprint: run.model.systemFingerprint,
                beams: choices.map(BeamSearchObject.Beam.init),
                usage: usage
            )
        )
    }
}

/// The body of `POST /v1/beam_search`.
struct BeamSearchRequest: GenerationDialect {
    static let idPrefix = "beam-"
    static let endpoint = CompletionReader.Endpoint.beamSearch

    let plain: PlainRequest

    init(_ members: JSONObject, _ setting: DialectSetting) {
        plain = PlainRequest(members)
    }
}

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
}
