import Batching
import HTTPServing

/// `GET /v1/models` and `GET /v1/models/{id}`.
struct ModelsEndpoint: Sendable {
    struct Model: Encodable {
        var id: String
        let object = "model"
        var created: Int
        let ownedBy = "switchyard"
        /// Tokens of the longest prompt.
        var maximumInputTokens: Int
        var maximumOutputTokens: Int

        enum CodingKeys: String, CodingKey {
            case id, object, created
            case ownedBy = "owned_by"
            case maximumInputTokens = "max_model_len"
            case maximumOutputTokens = "max_output_tokens"
        }

        init(_ backend: InferenceBackend) {
            id = backend.model.id
            created = backend.model.created
            maximumInputTokens = backend.engine.limits.maximumInputTokens
            maximumOutputTokens = backend.engine.limits.maximumOutputTokens
        }
    }

    struct List: Encodable {
        let object = "list"
        var data: [Model]
    }

    let context: RequestContext

    func list(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        .json(List(data: [Model(try context.loadedBackend())]))
    }

    func one(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        let backend = try context.loadedBackend()
        let id = request.parameters["id"] ?? ""
        guard id == backend.model.id else { throw .modelNotFound(id) }
        return .json(Model(backend))
    }
}
