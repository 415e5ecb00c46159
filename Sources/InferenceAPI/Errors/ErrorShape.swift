import HTTPTypes
import JSON

/// How an error is written: the clients of an interface look for it where its own servers have it.
package enum ErrorShape: Equatable, Sendable {
    case openAI
    /// `{"error": "…"}`.
    case libreTranslate
    /// `{"message": "…"}`; a key that is wrong is 403.
    case deepL
    /// `{"error": "…", "error_type": "…"}`.
    case textGeneration

    /// - Parameter path: of the request.
    init(path: String) {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self =
            switch path {
            case "/translate", "/languages", "/detect": .libreTranslate
            case "/v2/translate", "/v2/languages", "/v2/usage": .deepL
            case "/generate", "/generate_stream", "/embed", "/info": .textGeneration
            default: .openAI
            }
    }

    func status(_ status: HTTPResponse.Status) -> HTTPResponse.Status {
        self == .deepL && status == .unauthorized ? .forbidden : status
    }

    func body(_ error: APIError) -> ErrorBody {
        switch self {
        case .openAI: .openAI(error.object)
        case .libreTranslate: .members(["error": error.face.message])
        case .deepL: .members(["message": error.face.message])
        case .textGeneration: .members(["error": error.face.message, "error_type": Self.kind(error.face.status.code)])
        }
    }

    /// The names under which clients of text-generation-inference raise errors.
    private static func kind(_ status: Int) -> String {
        switch status {
        case 429, 503: "overloaded"
        case 400..<500: "validation"
        default: "generation"
        }
    }
}

/// An error in one of the shapes.
enum ErrorBody: Encodable {
    case openAI(ErrorObject)
    case members([String: String])

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .openAI(let object): try object.encode(to: encoder)
        case .members(let members): try members.encode(to: encoder)
        }
    }
}
