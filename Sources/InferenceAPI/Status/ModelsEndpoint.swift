import Batching
import Generation
import HTTPServing
import JSON

/// `GET /v1/models` and `GET /v1/models/{id}`.
struct ModelsEndpoint: Sendable {
    struct Model: Encodable {
        var id: String
        let object = "model"
        var created: Int
        let ownedBy = "switchyard"
        /// What there is of an encoder–decoder.
        var architecture: String
        /// Tokens of the longest prompt.
        var maximumInputTokens: Int
        var maximumOutputTokens: Int
        /// How a conversation becomes a prompt; null where nothing answers.
        @OrNull var chatPrompt: String?
        /// What linear layers are held in, and what experts are.
        var weights: String
        var expertWeights: String
        var generation: Generation
        /// Of a translator.
        var translation: [Direction]?

        enum CodingKeys: String, CodingKey {
            case id, object, created, architecture, generation, translation, weights
            case expertWeights = "expert_weights"
            case ownedBy = "owned_by"
            case maximumInputTokens = "max_model_len"
            case maximumOutputTokens = "max_output_tokens"
            case chatPrompt = "chat_prompt"
        }

        /// - Parameter id: one of the model's names.
        init(_ id: String, _ backend: InferenceBackend, _ configuration: APIConfiguration) {
            self.id = id
            created = backend.model.created
            maximumInputTokens = backend.engine.limits.maximumInputTokens
            architecture = backend.model.architecture.rawValue
            let generates = backend.model.architecture != .encoder
            maximumOutputTokens = generates ? backend.engine.limits.maximumOutputTokens : 0
            chatPrompt = generates ? (configuration.chatPrompt ?? .suiting(backend.model.architecture)).name : nil
            (weights, expertWeights) = (backend.model.weights, backend.model.expertWeights)
            generation = Generation(backend.model)
            translation = backend.model.translation?.rules.map { Direction(source: $0.sources, target: $0.targets) }
        }
    }

    /// Languages that are translated into others, each into each.
    struct Direction: Encodable {
        var source: [String]
        var target: [String]
    }

    /// What the model's files say of generation, and what becomes of it.
    struct Generation: Encodable {
        struct Key: Encodable {
            var name: String
            /// As JSON, cut short where it is long.
            var value: String
            var effect: String
        }

        /// The file.
        var source: String
        /// Who speaks where a request does not.
        var defaults: String
        var keys: [Key]

        init(_ model: ServedModel) {
            source = model.generation.source
            defaults = model.speaker.rawValue
            keys = model.generation.entries.map {
                Key(name: $0.key, value: $0.value, effect: $0.effect.text(model.speaker))
            }
        }
    }

    struct List: Encodable {
        let object = "list"
        var data: [Model]
    }

    let context: RequestContext

    func list(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        let backend = try context.loadedBackend()
        return .json(List(data: names(backend).map { Model($0, backend, context.configuration) }))
    }

    func one(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        let backend = try context.loadedBackend()
        let id = request.parameters["id"] ?? ""
        guard context.configuration.accepts(id, for: backend.model) else { throw .modelNotFound(id) }
        let name = names(backend).contains(id) ? id : backend.model.id
        return .json(Model(name, backend, context.configuration))
    }

    /// All names of the model, its own first.
    private func names(_ backend: InferenceBackend) -> [String] {
        [backend.model.id] + context.configuration.modelAliases
    }
}
