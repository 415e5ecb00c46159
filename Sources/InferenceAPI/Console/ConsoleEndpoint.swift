import HTTPServing
import HTTPTypes

/// `GET /console/{file}`: what the page at `/` is made of.
struct ConsoleEndpoint: Sendable {
    let files: ConsoleFiles

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        guard let response = files.response(request.parameters["file"] ?? "") else { throw .unrouted(.notFound) }
        return response
    }
}
