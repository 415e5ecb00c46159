import Batching
import Foundation
import Generation
package import HTTPServing
import HTTPTypes
import JSON

/// OpenAI's error object.
struct ErrorObject: Encodable {
    struct Detail: Encodable {
        var message: String
        var type: String
        @OrNull var param: String?
        @OrNull var code: String?
    }

    var error: Detail
}

extension APIError {
    /// What the error looks like to a client: a row of the table below.
    private struct Face {
        var status: HTTPResponse.Status
        var message: String
        var type = "invalid_request_error"
        var parameter: String? = nil
        var code: String? = nil
        var retryAfter: Duration? = nil
        /// Overrides what clients make of the status.
        var invitesRetry: Bool? = nil
    }

    package var response: ServerResponse {
        let face = face
        var fields: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        if let wait = face.retryAfter {
            let advice = RetryAdvice(wait: wait)
            fields[.retryAfter] = advice.seconds
            fields[.retryAfterMilliseconds] = advice.milliseconds
        }
        if let invitesRetry = face.invitesRetry { fields[.shouldRetry] = "\(invitesRetry)" }
        // RFC 9110 §12.5.3: what would have been taken.
        if self == .body(.unsupportedCoding) { fields[.acceptEncoding] = "gzip" }
        if self == .invalidKey { fields[.wwwAuthenticate] = "Bearer" }
        return ServerResponse(status: face.status, fields: fields, body: .bytes(JSONText.bytes(object)))
    }

    /// The body alone, for errors inside a stream.
    var object: ErrorObject {
        let face = face
        return ErrorObject(
            error: .init(
                message: face.message,
                type: face.type,
                param: face.parameter.map(\.excerpt),
                code: face.code
            )
        )
    }

    /// What logs and traces call it.
    var code: String {
        let face = face
        return face.code ?? face.type
    }

    private var face: Face {
        switch self {
        case .malformedJSON(let message):
            Face(status: .badRequest, message: message, code: "invalid_json")
        case .unsupportedMediaType(let found):
            Face(
                status: .unsupportedMediaType,
                message: "Content-Type must be application/json, but it is \(found.excerpt).",
                code: "unsupported_media_type"
            )
        case .body(let error): Self.face(of: error)
        case .invalid(let parameter, let message):
            Face(status: .badRequest, message: message, parameter: parameter, code: "invalid_parameter")
        case .textTooLong(let bytes, let limit, let tokens):
            Face(
                status: .badRequest,
                message: "The prompt has \(bytes) bytes, but the \(tokens) tokens that the model accepts "
                    + "are never more than \(limit).",
                parameter: "prompt",
                code: "context_length_exceeded"
            )
        case .modelNotFound(let id):
            Face(
                status: .notFound,
                message: "The model '\(id.excerpt)' does not exist.",
                parameter: "model",
                code: "model_not_found"
            )
        case .notReady(let readiness):
            Self.unavailable(readiness.reason ?? "The model is not loaded.", "not_ready", .seconds(5))
        case .admission(let error, let rowsParameter): Self.face(of: error, rowsParameter: rowsParameter)
        case .generation(let failure): Self.face(of: failure)
        case .invalidKey:
            Face(
                status: .unauthorized,
                message: "The API key is missing or wrong.",
                type: "authentication_error",
                code: "invalid_api_key"
            )
        case .rateLimited(let limit, let wait):
            Face(
                status: .tooManyRequests,
                message: limit.message,
                type: "rate_limit_error",
                code: "rate_limit_exceeded",
                retryAfter: wait
            )
        case .cancelled:
            Face(status: .conflict, message: "The answer was cancelled.", code: "cancelled", invitesRetry: false)
        case .notRunning(let id):
            Face(
                status: .notFound,
                message: "No answer with the id '\(id.excerpt)' is being generated.",
                parameter: "id",
                code: "not_running"
            )
        case .unrouted(let status): Self.face(of: status)
        }
    }

    private static func unavailable(_ message: String, _ code: String, _ wait: Duration) -> Face {
        Face(
            status: .serviceUnavailable,
            message: message,
            type: "service_unavailable_error",
            code: code,
            retryAfter: wait
        )
    }

    private static func face(of error: RequestBodyError) -> Face {
        switch error {
        case .tooLarge(let limit):
            Face(
                status: .contentTooLarge,
                message: "The body is larger than the limit of \(limit) bytes.",
                code: "request_too_large"
            )
        case .malformed: Face(status: .badRequest, message: "The body's framing is malformed.", code: "malformed_body")
        case .tooDense(let ratio):
            Face(
                status: .contentTooLarge,
                message: "The body unpacks to more than \(ratio) times its size.",
                code: "request_too_large"
            )
        case .malformedCoding:
            Face(status: .badRequest, message: "The body is not valid gzip.", code: "malformed_body")
        case .unsupportedCoding:
            Face(
                status: .unsupportedMediaType,
                message: "The only Content-Encoding the server takes is gzip.",
                code: "unsupported_content_encoding"
            )
        case .noRoom:
            unavailable("Other requests' bodies take up the memory there is for them.", "busy", .seconds(1))
        case .timedOut: Face(status: .requestTimeout, message: "The body arrived too slowly.", code: "body_timeout")
        case .disconnected: clientGone
        }
    }

    private static func face(of error: AdmissionError, rowsParameter: String) -> Face {
        switch error {
        case .queueFull(let bound, let wait):
            return unavailable("The queue is full: \(bound.reason). Retry later.", "queue_full", wait)
        case .draining: return unavailable(Readiness.draining.reason ?? "", "draining", .seconds(1))
        case .promptTooLong(let tokens, let limit):
            return Face(
                status: .badRequest,
                message: "The prompt has \(tokens) tokens, but the model accepts at most \(limit).",
                parameter: "prompt",
                code: "context_length_exceeded"
            )
        case .tooManyRows(let rows, let limit):
            return Face(
                status: .badRequest,
                message: "'\(rowsParameter)' asks for \(rows) sequences at once, but the server runs at most \(limit).",
                parameter: rowsParameter,
                code: "invalid_parameter"
            )
        case .cacheTooLarge(let bytes, let limit):
            return Face(
                status: .badRequest,
                message: "The request could need \(bytes) bytes of cache, but the server has \(limit): "
                    + "lower 'max_tokens' or '\(rowsParameter)', or shorten the prompt.",
                parameter: "max_tokens",
                code: "context_length_exceeded"
            )
        }
    }

    private static func face(of failure: GenerationFailure) -> Face {
        switch failure {
        case .cancelled: clientGone
        case .shuttingDown:
            unavailable("The server shut down before the answer was complete.", "shutting_down", .seconds(1))
        case .deadline:
            Face(
                status: .gatewayTimeout,
                message: "The answer was not complete within the request's timeout.",
                type: "timeout_error",
                code: "deadline_exceeded",
                invitesRetry: false
            )
        case .nothingAllowed:
            Face(
                status: .badRequest,
                message: "The constraints on the tokens rule out every one.",
                code: "nothing_allowed"
            )
        case .notANumber:
            Face(
                status: .internalServerError,
                message: "The model computed a value that is not a number.",
                type: "server_error",
                code: "not_a_number"
            )
        }
    }

    private static func face(of status: HTTPResponse.Status) -> Face {
        switch status {
        case .notFound: Face(status: status, message: "There is nothing at this path.", code: "not_found")
        case .methodNotAllowed:
            Face(status: status, message: "The path does not take this method.", code: "method_not_allowed")
        default:
            Face(
                status: status,
                message: status.reasonPhrase.isEmpty ? "Status \(status.code)." : "\(status.reasonPhrase).",
                type: status.code >= 500 ? "server_error" : "invalid_request_error",
                code: status.reasonPhrase.lowercased().replacingOccurrences(of: " ", with: "_")
            )
        }
    }

    /// The status is for the log; the message for who ended one side of the connection and still reads.
    private static let clientGone = Face(
        status: .init(code: 499, reasonPhrase: "Client Closed Request"),
        message: "The client closed its side of the connection before the answer was there."
    )
}
