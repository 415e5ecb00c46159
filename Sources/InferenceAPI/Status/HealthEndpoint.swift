import HTTPServing
import HTTPTypes

/// `GET /livez`, `GET /readyz` and its other name `GET /health`.
struct HealthEndpoint: Sendable {
    struct Status: Encodable {
        var status: String
        var reason: String?
        /// From 0 to 1, while loading.
        var progress: Double?
        /// Of the model that is ready.
        var architecture: String?
    }

    /// Always the same, and asked for more often than anything else.
    private static let alive = response(Status(status: "ok"), isReady: true)

    let readiness: @Sendable () -> Readiness
    /// nil while none is loaded.
    let model: @Sendable () -> ServedModel?

    /// Says that the process answers, whatever its load.
    func live(_ request: ServerRequest) async throws(APIError) -> ServerResponse { Self.alive }

    func ready(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        let readiness = readiness()
        var status = Status(status: readiness.name, reason: readiness.reason)
        if case .loading(let progress) = readiness { status.progress = progress.clampedToUnit }
        if readiness == .ready { status.architecture = model()?.architecture.rawValue }
        return Self.response(status, isReady: readiness == .ready)
    }

    private static func response(_ status: Status, isReady: Bool) -> ServerResponse {
        var response = ServerResponse.json(status, status: isReady ? .ok : .serviceUnavailable)
        response.fields[.cacheControl] = "no-store"
        if !isReady { response.fields[.retryAfter] = "1" }
        return response
    }
}
