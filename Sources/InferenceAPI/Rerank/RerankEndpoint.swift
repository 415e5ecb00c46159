import Generation
import HTTPServing

/// `POST /v1/rerank`: documents by how relevant the model holds them to be to a query.
struct RerankEndpoint: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (asked, run) = try await context.startRun(request, as: RerankRequest.self)
        let (scores, usage) = try await run.scores()
        let relevances = scores.map { LabelProbabilities($0.labels, among: .labels).values[0] }
        let order = RerankObject.order(of: relevances).prefix(asked.most ?? .max)
        return .json(
            RerankObject(
                id: run.identity.id,
                model: run.model.id,
                results: order.map {
                    RerankObject.Result(
                        index: $0,
                        relevance: relevances[$0],
                        document: asked.returnsDocuments ? RerankObject.Document(text: asked.documents[$0]) : nil
                    )
                },
                usage: EmbeddingsObject.Usage(promptTokens: usage.promptTokens)
            )
        )
    }
}
