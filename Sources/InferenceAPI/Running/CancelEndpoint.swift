import HTTPServing

/// `DELETE /v1/completions/{id}`: ends an answer before it is complete.
///
/// The id is the answer's own, which a stream says in its first event, or the `X-Request-Id` it was asked under.
struct CancelEndpoint: Sendable {
    struct Object: Encodable {
        var id: String
        let object = "text_completion.cancelled"
        let cancelled = true
    }

    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let id = request.parameters["id"] ?? ""
        guard context.running.cancel(id, owner: request.principal) else { throw .notRunning(id) }
        return .json(Object(id: id))
    }
}
