import Generation
import HTTPServing

/// `POST /v1/generative-scores` and `POST /generative_scoring`: how probable tokens are after prompts.
struct GenerativeScoresEndpoint: Sendable {
    let context: RequestContext
    let shape: GenerativeScoresObject.Shape

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (asked, run) = try await context.startRun(request, as: GenerativeScoresRequest.self)
        let (scores, usage) = try await run.scores()
        guard case .scoring(let scored) = run.parameters.template.strategy else { throw .generation(.cancelled) }
        let results = scores.enumerated().map { index, scores in
            GenerativeScoresObject.Result(
                index: index,
                labels: scored.labels,
                probabilities: LabelProbabilities(
                    scores.labels,
                    among: asked.appliesSoftmax ? .labels : .vocabulary
                ).values,
                continuations: zip(scored.continuations, scores.continuations).map {
                    ScoredContinuation(tokens: $0, logprobs: $1)
                }
            )
        }
        return .json(
            GenerativeScoresObject(
                shape: shape,
                id: run.identity.id,
                created: run.identity.created,
                model: run.model.id,
                results: results,
                usage: usage
            )
        )
    }
}
