import HTTPTypes

/// What the error looks like to a client: a row of the table in `APIError+Face.swift`.
struct ErrorFace {
    var status: HTTPResponse.Status
    var message: String
    var type = "invalid_request_error"
    var parameter: String? = nil
    var code: String? = nil
    var retryAfter: Duration? = nil
    /// Overrides what clients make of the status.
    var invitesRetry: Bool? = nil

    /// A 503 that says when to come back.
    static func unavailable(_ message: String, _ code: String, _ wait: Duration) -> ErrorFace {
        ErrorFace(
            status: .serviceUnavailable,
            message: message,
            type: "service_unavailable_error",
            code: code,
            retryAfter: wait
        )
    }
}
