package import HTTPTypes

/// Where the server listens and what it allows a client.
package struct HTTPConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0 for any free port.
    package var port = 8080
    package var limits = HTTPLimits()
    /// Makes the response of an error the server finds itself, from its status and a sentence.
    package var errorResponse: @Sendable (HTTPResponse.Status, String) -> ServerResponse = { status, message in
        let kind = status.code < 500 ? "invalid_request_error" : "server_error"
        let body = #"{"error":{"message":"\#(message)","type":"\#(kind)","param":null,"code":null}}"#
        return ServerResponse(
            status: status,
            fields: [.contentType: "application/json"],
            body: .bytes(Array(body.utf8))
        )
    }

    package init() {}
}
