import HTTPServing

/// `GET /` and `POST /`: what this server is, and where its interface begins.
///
/// A body is read and dropped, so that a client or proxy can try how bodies get through without a model at work.
struct IndexEndpoint: Sendable {
    struct Index: Encodable {
        let name = "switchyard"
        var version: String
        let links = Links()
    }

    struct Links: Encodable {
        let completions = "/v1/completions"
        let models = "/v1/models"
        let readiness = "/readyz"
        let metrics = "/metrics"
        let description = "/openapi.yaml"
    }

    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        do {
            _ = try await request.body.collect()
        } catch {
            throw .body(error)
        }
        return .json(Index(version: context.configuration.version))
    }
}
