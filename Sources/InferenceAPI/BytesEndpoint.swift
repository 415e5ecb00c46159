import HTTPServing
import HTTPTypes

/// Answers with bytes that somebody else makes.
struct BytesEndpoint: Sendable {
    let contentType: String
    let bytes: @Sendable () -> [UInt8]

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        ServerResponse(status: .ok, fields: [.contentType: contentType], body: .bytes(bytes()))
    }
}
