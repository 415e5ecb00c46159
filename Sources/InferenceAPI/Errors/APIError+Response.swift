import Foundation
package import HTTPServing
import HTTPTypes
import JSON

extension APIError {
    package var response: ServerResponse { response(in: .openAI) }

    /// - Parameter shape: of the path; an error that has one of its own keeps it.
    func response(in shape: ErrorShape) -> ServerResponse {
        if case .shaped(let error, let own) = self { return error.response(in: own) }
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
        return ServerResponse(
            status: shape.status(face.status),
            fields: fields,
            body: .bytes(JSONText.bytes(shape.body(self)))
        )
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
}
