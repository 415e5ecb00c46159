import HTTPServing
import HTTPTypes

/// `POST /v1/embeddings`: the mean of the encoder's last states for each text, or the states themselves.
struct EmbeddingsEndpoint: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (asked, run) = try await context.startRun(request, as: EmbeddingsRequest.self)
        let share = try context.embeddingMemory.take(run.parameters.answerBytes)
        let embeddings = try await run.embeddings()
        if asked.format == .safetensors { return TokenStates(embeddings, of: run).response(holding: share) }
        let entries = embeddings.enumerated().map { index, elements in
            let vector = asked.normalizes ? EmbeddingVector(elements).normalized : EmbeddingVector(elements)
            return EmbeddingsObject.Entry(
                index: index,
                embedding: asked.format == .base64 ? .base64(vector.base64) : .float(vector.elements)
            )
        }
        let usage = EmbeddingsObject.Usage(promptTokens: run.parameters.promptTokens)
        return .json(EmbeddingsObject(data: entries, model: run.model.id, usage: usage), holding: share)
    }
}

extension ServerResponse {
    /// An answer in JSON that keeps its share of memory until it is gone.
    static func json(_ value: some Encodable, holding share: EmbeddingMemory.Share) -> ServerResponse {
        withExtendedLifetime(share) { .json(value) }
    }
}
