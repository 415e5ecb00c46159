import Batching
import Foundation
import Generation
import HTTPServing
import HTTPTypes

/// The errors of lower floors as clients see them.
extension ErrorFace {
    static func of(_ error: RequestBodyError) -> ErrorFace {
        switch error {
        case .tooLarge(let limit):
            ErrorFace(
                status: .contentTooLarge,
                message: "The body is larger than the limit of \(limit) bytes.",
                code: "request_too_large"
            )
        case .malformed:
            ErrorFace(status: .badRequest, message: "The body's framing is malformed.", code: "malformed_body")
        case .tooDense(let ratio):
            ErrorFace(
                status: .contentTooLarge,
                message: "The body unpacks to more than \(ratio) times its size.",
                code: "request_too_large"
            )
        case .malformedCoding:
            ErrorFace(status: .badRequest, message: "The body is not valid gzip.", code: "malformed_body")
        case .unsupportedCoding:
            ErrorFace(
                status: .unsupportedMediaType,
                message: "The only Content-Encoding the server takes is gzip.",
                code: "unsupported_content_encoding"
            )
        case .noRoom:
            unavailable("Other requests' bodies take up the memory there is for them.", "busy", .seconds(1))
        case .timedOut:
            ErrorFace(status: .requestTimeout, message: "The body arrived too slowly.", code: "body_timeout")
        case .disconnected: clientGone
        }
    }

    static func of(_ error: AdmissionError, rowsParameter: String) -> ErrorFace {
        switch error {
        case .queueFull(let bound, let wait):
            return unavailable("The queue is full: \(bound.reason). Retry later.", "queue_full", wait)
        case .draining: return unavailable(Readiness.draining.reason ?? "", "draining", .seconds(1))
        case .promptTooLong(let tokens, let limit):
            return ErrorFace(
                status: .badRequest,
                message: "The prompt has \(tokens) tokens, but the model accepts at most \(limit).",
                parameter: "prompt",
                code: "context_length_exceeded"
            )
        case .tooManyRows(let rows, let limit):
            return ErrorFace(
                status: .badRequest,
                message: "'\(rowsParameter)' asks for \(rows) sequences at once, but the server runs at most \(limit).",
                parameter: rowsParameter,
                code: "invalid_parameter"
            )
        case .tooManyScored(let tokens, let limit):
            return ErrorFace(
                status: .badRequest,
                message: "'\(rowsParameter)' and labels come to \(tokens) tokens, but the server scores at most "
                    + "\(limit) after one prompt.",
                parameter: rowsParameter,
                code: "context_length_exceeded"
            )
        case .cacheTooLarge(let bytes, let limit):
            return ErrorFace(
                status: .badRequest,
                message: "The request could need \(bytes) bytes of cache, but the server has \(limit): "
                    + (rowsParameter == "continuations" ? "shorten" : "lower 'max_tokens' or")
                    + " '\(rowsParameter)', or shorten the prompt.",
                parameter: rowsParameter == "continuations" ? rowsParameter : "max_tokens",
                code: "context_length_exceeded"
            )
        }
    }

    static func of(_ failure: GenerationFailure) -> ErrorFace {
        switch failure {
        case .cancelled: clientGone
        case .shuttingDown:
            unavailable("The server shut down before the answer was complete.", "shutting_down", .seconds(1))
        case .ranksLost:
            unavailable(
                "A process that has part of the model is gone; the server starts again.",
                "ranks_lost",
                .seconds(5)
            )
        case .deadline:
            ErrorFace(
                status: .gatewayTimeout,
                message: "The answer was not complete within the request's timeout.",
                type: "timeout_error",
                code: "deadline_exceeded",
                invitesRetry: false
            )
        case .nothingAllowed:
            ErrorFace(
                status: .badRequest,
                message: "The constraints on the tokens rule out every one.",
                code: "nothing_allowed"
            )
        case .notANumber:
            ErrorFace(
                status: .internalServerError,
                message: "The model computed a value that is not a number.",
                type: "server_error",
                code: "not_a_number"
            )
        }
    }

    static func of(_ status: HTTPResponse.Status) -> ErrorFace {
        switch status {
        case .notFound: ErrorFace(status: status, message: "There is nothing at this path.", code: "not_found")
        case .methodNotAllowed:
            ErrorFace(status: status, message: "The path does not take this method.", code: "method_not_allowed")
        default:
            ErrorFace(
                status: status,
                message: status.reasonPhrase.isEmpty ? "Status \(status.code)." : "\(status.reasonPhrase).",
                type: status.code >= 500 ? "server_error" : "invalid_request_error",
                code: status.reasonPhrase.lowercased().replacingOccurrences(of: " ", with: "_")
            )
        }
    }

    /// The status is for the log; the message for who ended one side of the connection and still reads.
    private static let clientGone = ErrorFace(
        status: .init(code: 499, reasonPhrase: "Client Closed Request"),
        message: "The client closed its side of the connection before the answer was there."
    )
}
