import HTTPTypes

/// The plain JSON body of an error found by the server, when no other builder is configured.
struct ErrorBody {
    let status: HTTPResponse.Status
    /// Plain ASCII without quotes or backslashes: it is one of the server's own sentences.
    let message: String

    var response: ServerResponse {
        let type = status.code < 500 ? "invalid_request_error" : "server_error"
        let json = #"{"error":{"message":"\#(message)","type":"\#(type)","param":null,"code":null}}"#
        return ServerResponse(
            status: status,
            fields: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .bytes(Array(json.utf8))
        )
    }
}
