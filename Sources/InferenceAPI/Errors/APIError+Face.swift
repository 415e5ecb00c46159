import Batching
import Generation
import HTTPServing
import HTTPTypes

extension APIError {
    /// The table of all errors.
    var face: ErrorFace {
        switch self {
        case .malformedJSON(let message):
            ErrorFace(status: .badRequest, message: message, code: "invalid_json")
        case .unsupportedMediaType(let found):
            ErrorFace(
                status: .unsupportedMediaType,
                message: "Content-Type must be application/json, but it is \(found.excerpt).",
                code: "unsupported_media_type"
            )
        case .body(let error): .of(error)
        case .invalid(let parameter, let message):
            ErrorFace(status: .badRequest, message: message, parameter: parameter, code: "invalid_parameter")
        case .contradiction(let reason):
            ErrorFace(
                status: .badRequest,
                message: "The constraints cannot be met together: \(reason).",
                code: "nothing_allowed"
            )
        case .textTooLong(let bytes, let limit, let tokens):
            ErrorFace(
                status: .badRequest,
                message: "The prompt has \(bytes) bytes, but the \(tokens) tokens that the model accepts "
                    + "are never more than \(limit).",
                parameter: "prompt",
                code: "context_length_exceeded"
            )
        case .modelNotFound(let id):
            ErrorFace(
                status: .notFound,
                message: "The model '\(id.excerpt)' does not exist.",
                parameter: "model",
                code: "model_not_found"
            )
        case .notReady(let readiness):
            .unavailable(readiness.reason ?? "The model is not loaded.", "not_ready", .seconds(5))
        case .admission(let error, let rowsParameter): .of(error, rowsParameter: rowsParameter)
        case .generation(let failure): .of(failure)
        case .invalidKey:
            ErrorFace(
                status: .unauthorized,
                message: "The API key is missing or wrong.",
                type: "authentication_error",
                code: "invalid_api_key"
            )
        case .rateLimited(let limit, let wait):
            ErrorFace(
                status: .tooManyRequests,
                message: limit.message,
                type: "rate_limit_error",
                code: "rate_limit_exceeded",
                retryAfter: wait
            )
        case .cancelled:
            ErrorFace(status: .conflict, message: "The answer was cancelled.", code: "cancelled", invitesRetry: false)
        case .notRunning(let id):
            ErrorFace(
                status: .notFound,
                message: "No answer with the id '\(id.excerpt)' is being generated.",
                parameter: "id",
                code: "not_running"
            )
        case .unknownMembers(let members):
            ErrorFace(
                status: .badRequest,
                message: "The server does not know these members of the request: \(members.text).",
                parameter: members.first,
                code: "unknown_parameter"
            )
        case .worded(let error, let names): error.face.worded(by: names)
        case .malformedForm(let reason):
            ErrorFace(
                status: .badRequest,
                message: "The form cannot be read: \(reason).",
                code: "malformed_form"
            )
        case .notFormOrJSON(let found):
            ErrorFace(
                status: .unsupportedMediaType,
                message: "Content-Type must be application/json or application/x-www-form-urlencoded, "
                    + "but it is \(found.excerpt).",
                code: "unsupported_media_type"
            )
        case .generatesNothing(let model):
            ErrorFace(
                status: .badRequest,
                message: "The model '\(model.excerpt)' is an encoder alone and generates nothing: "
                    + "it answers at /v1/embeddings and /embed.",
                parameter: "model",
                code: "generates_nothing"
            )
        case .embeddingMemoryFull:
            .unavailable(
                "The embeddings of other requests take all memory set aside for them.",
                "overloaded",
                .seconds(1)
            )
        case .notATranslator(let model):
            ErrorFace(
                status: .notFound,
                message: "The model '\(model.excerpt)' is no translator: its directory has no translation.json.",
                code: "not_a_translator"
            )
        case .notAReranker(let model):
            ErrorFace(
                status: .notFound,
                message: "The model '\(model.excerpt)' does not rank documents: its directory has no rerank.json.",
                code: "not_a_reranker"
            )
        case .textsTooLarge(let parameter, let message):
            ErrorFace(status: .contentTooLarge, message: message, parameter: parameter, code: "request_too_large")
        case .shaped(let error, _): error.face
        case .foreign(let path): ErrorFace(status: .notFound, message: path.message, code: "not_found")
        case .unrouted(let status): .of(status)
        }
    }
}
