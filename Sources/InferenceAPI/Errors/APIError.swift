package import Batching
package import Generation
package import HTTPServing
package import HTTPTypes
import JSON

/// Why a request gets no answer.
///
/// `APIError+Face.swift` says its status and words, `APIError+Response.swift` turns it into a status and JSON.
package indirect enum APIError: Error, Equatable, Sendable {
    /// The body as a whole cannot be read; the sentence says why.
    case malformedJSON(String)
    case unsupportedMediaType(String)
    case body(RequestBodyError)
    /// One parameter is wrong; the sentence says what was found and what was expected.
    case invalid(parameter: String, String)
    /// What is asked of the tokens cannot be done together; says why.
    case contradiction(String)
    /// The prompt is so long that it was not tokenised.
    case textTooLong(bytes: Int, limit: Int, tokens: Int)
    case modelNotFound(String)
    case notReady(Readiness)
    /// The engine took none of it.
    ///
    /// `rowsParameter` is the one that asked for the rows.
    case admission(AdmissionError, rowsParameter: String)
    /// The engine took it and then failed.
    case generation(GenerationFailure)
    case invalidKey
    /// The key may do no more for now.
    case rateLimited(KeyLimit, retryAfter: Duration)
    /// Somebody asked for the answer to end.
    case cancelled
    /// No answer of that id is being generated.
    case notRunning(String)
    /// Members the server does not know, and was told not to pass over.
    case unknownMembers(IgnoredMembers)
    /// An error in the words of a client that calls members something else; its names by the plain ones.
    case worded(APIError, by: [String: String])
    /// A form cannot be read; says why.
    case malformedForm(String)
    /// A body that is neither JSON nor a form.
    case notFormOrJSON(String)
    /// Text is asked of an encoder alone.
    case generatesNothing(model: String)
    /// Embeddings of others take all memory that is set aside for them.
    case embeddingMemoryFull
    /// The model has no file that says what it translates.
    case notATranslator(model: String)
    /// The model has no file that says how it judges documents.
    case notAReranker(model: String)
    /// Texts come to more than one request may have; says of what.
    case textsTooLarge(parameter: String, String)
    /// An error in the shape of another interface than its path's.
    case shaped(APIError, ErrorShape)
    /// A path that other servers have.
    case foreign(ForeignPath)
    /// No route, or none for the method.
    case unrouted(HTTPResponse.Status)
}

extension APIError {
    static func wrongType(_ name: String, _ expected: String, _ found: JSONValue) -> APIError {
        .invalid(parameter: name, "'\(name)' must be \(expected), but it is \(found.kind).")
    }

    static func outOfRange(_ name: String, _ expected: String, _ found: JSONValue) -> APIError {
        .invalid(parameter: name, "'\(name)' must be \(expected), but it is \(Self.quoted(found).excerpt).")
    }

    private static func quoted(_ value: JSONValue) -> String {
        if case .string(let text) = value { "\"\(text)\"" } else { value.summary }
    }
}

extension String {
    /// At most 200 characters, for quoting what a client sent.
    var excerpt: String {
        unicodeScalars.count <= 200 ? self : String(String.UnicodeScalarView(unicodeScalars.prefix(199))) + "…"
    }
}
