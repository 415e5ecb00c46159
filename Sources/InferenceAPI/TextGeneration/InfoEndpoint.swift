import Batching
import HTTPServing
import JSON

/// `GET /info`, as text-generation-inference has it.
struct InfoEndpoint: Sendable {
    struct Info: Encodable {
        var modelID: String
        /// What stands for the files of the model here.
        var modelDigest: String
        var modelType: String
        let device = "cpu"
        var maximumConcurrentRequests: Int
        var maximumBestOf: Int
        var maximumStops: Int
        var maximumInputTokens: Int
        var maximumTotalTokens: Int
        let router = "switchyard"
        var version: String

        enum CodingKeys: String, CodingKey {
            case router, version
            case modelID = "model_id"
            case modelDigest = "model_sha"
            case modelType = "model_pipeline_tag"
            case device = "model_device_type"
            case maximumConcurrentRequests = "max_concurrent_requests"
            case maximumBestOf = "max_best_of"
            case maximumStops = "max_stop_sequences"
            case maximumInputTokens = "max_input_tokens"
            case maximumTotalTokens = "max_total_tokens"
        }
    }

    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let backend = try context.loadedBackend()
        let limits = backend.engine.limits
        let isEncoder = backend.model.architecture == .encoder
        return .json(
            Info(
                modelID: backend.model.id,
                modelDigest: backend.model.systemFingerprint,
                modelType: isEncoder ? "feature-extraction" : "text2text-generation",
                maximumConcurrentRequests: limits.maximumQueuedRequests,
                maximumBestOf: limits.maximumRows,
                maximumStops: context.configuration.maximumStopStrings,
                maximumInputTokens: limits.maximumInputTokens,
                maximumTotalTokens: limits.maximumInputTokens + (isEncoder ? 0 : limits.maximumOutputTokens),
                version: context.configuration.version
            )
        )
    }
}
