import HTTPServing
import HTTPTypes

extension ServerResponse {
    /// An answer in JSON.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> ServerResponse {
        ServerResponse(
            status: status,
            fields: [.contentType: "application/json"],
            body: .bytes(JSONText.bytes(value))
        )
    }
}
