import HTTPTypes

/// The request line and header fields of one HTTP/1.1 request.
struct RequestHead: Equatable, Sendable {
    /// How the bytes of the body are delimited (RFC 9112 §6).
    enum Framing: Equatable, Sendable {
        case none
        case length(Int)
        case chunked
    }

    var method: HTTPRequest.Method
    /// Origin form: the path as sent, and what followed the question mark.
    var path: String
    var query: String?
    /// The minor version: 0 or 1.
    var minorVersion: Int
    var fields = HTTPFields()
    var framing = Framing.none
    var expectsContinue = false

    /// Whether the connection may carry another request (RFC 9112 §9.3).
    var keepsAlive: Bool {
        let options = (fields[.connection] ?? "").lowercased().split(separator: ",")
            .map { $0.trimmingPrefix { $0 == " " } }.map { String($0).trimmedRight }
        if options.contains("close") { return false }
        return minorVersion == 1 || options.contains("keep-alive")
    }
}

extension String {
    fileprivate var trimmedRight: String { String(reversed().drop { $0 == " " || $0 == "\t" }.reversed()) }
}
