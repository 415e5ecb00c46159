import Generation
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

extension CompletionRun {
    /// Of every prompt, in order.
    fileprivate func embeddings() async throws(APIError) -> [[Float]] {
        var embeddings = [[Float]](repeating: [], count: parameters.prompts.count)
        do {
            _ = try await forEachEvent { prompt, event, _ in
                guard case .embedding(let elements) = event else { return }
                embeddings[prompt] = elements
                permit?.use(parameters.prompts[prompt].tokens.count)
            }
            return embeddings
        } catch let error as APIError {
            throw error
        } catch {
            throw .generation(.cancelled)
        }
    }
}
