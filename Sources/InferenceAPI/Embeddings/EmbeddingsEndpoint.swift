import HTTPServing

/// `POST /v1/embeddings`: the mean of the encoder's last states for each text.
struct EmbeddingsEndpoint: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (asked, run) = try await context.startRun(request, as: EmbeddingsRequest.self)
        let embeddings = try await run.embeddings()
        return .json(
            EmbeddingsObject(
                data: embeddings.enumerated().map { index, elements in
                    let vector = asked.normalizes ? EmbeddingVector(elements).normalized : EmbeddingVector(elements)
                    return EmbeddingsObject.Entry(
                        index: index,
                        embedding: asked.format == .base64 ? .base64(vector.base64) : .float(vector.elements)
                    )
                },
                model: run.model.id,
                usage: EmbeddingsObject.Usage(promptTokens: run.parameters.promptTokens)
            )
        )
    }
}
