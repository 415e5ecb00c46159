import HTTPServing
import HTTPTypes

/// `POST /`: the body, as it arrived.
///
/// Shows what becomes of a request's body on its way through proxies, without a model at work.
struct EchoEndpoint: Sendable {
    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        do {
            return ServerResponse(
                status: .ok,
                // Never anything that a browser would show or run.
                fields: [.contentType: "application/octet-stream", .xContentTypeOptions: "nosniff"],
                body: .bytes(try await request.body.collect())
            )
        } catch {
            throw .body(error)
        }
    }
}
