import HTTPServing
import HTTPTypes

/// `GET /openapi.yaml`.
struct DescriptionEndpoint: Sendable {
    let description: [UInt8]

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        ServerResponse(status: .ok, fields: [.contentType: "application/yaml"], body: .bytes(description))
    }
}
