import Foundation
import HTTPServing
import HTTPTypes

/// Which web pages may use the server (Fetch Standard §3.2).
package struct CORSPolicy: Equatable, Sendable {
    /// For how long a browser may remember a preflight, in seconds; browsers allow two hours at most.
    private static let maximumAge = 7200
    private static let methods = "GET, HEAD, POST, DELETE"
    /// What a page may read beside the fields every page may.
    private static let exposed =
        "X-Request-Id, Retry-After, Retry-After-Ms, X-Should-Retry, Server-Timing, X-Switchyard-Ignored-Members, "
        + "X-Switchyard-Clamped-Members"

    /// Such as `https://chat.example`, compared to the letter.
    let origins: Set<String>

    /// - Throws: when one is not a scheme, a host and perhaps a port.
    package init(origins: [String]) throws(CORSOriginError) {
        for origin in origins where !Self.isOrigin(origin) { throw CORSOriginError(origin: origin) }
        self.origins = Set(origins)
    }

    /// The answer to a preflight, or nil when the request is none.
    func preflight(_ method: HTTPRequest.Method, _ fields: HTTPFields) -> HTTPFields? {
        guard method == .options, fields[.origin] != nil, fields[.accessControlRequestMethod] != nil else { return nil }
        var answer: HTTPFields = [
            .vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        ]
        guard let origin = allowed(fields) else { return answer }
        answer[.accessControlAllowOrigin] = origin
        answer[.accessControlAllowMethods] = Self.methods
        // The origin is trusted, and what clients add to their requests differs; each name is legal, being parsed.
        if let headers = fields[.accessControlRequestHeaders] { answer[.accessControlAllowHeaders] = headers }
        answer[.accessControlMaxAge] = "\(Self.maximumAge)"
        return answer
    }

    /// Adds what lets a page of an allowed origin read the response.
    func mark(_ response: inout HTTPFields, for request: HTTPFields) {
        response[values: .vary].append("Origin")
        guard let origin = allowed(request) else { return }
        response[.accessControlAllowOrigin] = origin
        response[.accessControlExposeHeaders] = Self.exposed
    }

    private func allowed(_ fields: HTTPFields) -> String? {
        let sent = fields[words: .origin]
        return sent.count == 1 && origins.contains(sent[0]) ? sent[0] : nil
    }

    /// RFC 6454 §6.2: no path, not even a slash.
    private static func isOrigin(_ text: String) -> Bool {
        guard let separator = text.range(of: "://") else { return false }
        let scheme = text[..<separator.lowerBound]
        let rest = text[separator.upperBound...]
        return ["http", "https"].contains(scheme) && !rest.isEmpty && rest == rest.lowercased()
            && rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !Array("/?#@,\\*\"".utf8).contains($0) }
    }
}

/// An origin that no browser would send.
package struct CORSOriginError: Error, Equatable, CustomStringConvertible {
    package let origin: String

    package var description: String {
        "--cors-origin '\(origin.excerpt)' is not an origin: http or https, then :// and a host, such as https://chat.example:8443"
    }
}
