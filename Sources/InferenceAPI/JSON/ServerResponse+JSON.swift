import HTTPServing
import HTTPTypes
import JSON

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
