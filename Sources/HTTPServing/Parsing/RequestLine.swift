import HTTPTypes

/// The first line of a request (RFC 9112 §3).
struct RequestLine {
    let method: HTTPRequest.Method
    let minorVersion: Int
    private(set) var path = ""
    private(set) var query: String?
    private let target: ArraySlice<UInt8>

    private static let known: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT",
    ]

    /// One space between the three parts, nothing else.
    init(_ line: ArraySlice<UInt8>) throws(HTTPParseError) {
        let words = line.split(separator: 32, omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, !words[1].isEmpty, words[0].allSatisfy(\.isTokenCharacter),
            words[1].allSatisfy({ $0 > 32 && $0 < 127 }),
            let method = HTTPRequest.Method(String(decoding: words[0], as: UTF8.self))
        else { throw .malformedRequestLine }
        minorVersion = try Self.minorVersion(words[2])
        guard Self.known.contains(method.rawValue) else { throw .unknownMethod }
        self.method = method
        target = words[1]
    }

    private static func minorVersion(_ version: ArraySlice<UInt8>) throws(HTTPParseError) -> Int {
        let bytes = Array(version)
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[6] == UInt8(ascii: "."),
            bytes[5].isDigit, bytes[7].isDigit
        else { throw .malformedRequestLine }
        guard bytes[5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        return bytes[7] == UInt8(ascii: "0") ? 0 : 1
    }

    /// Checks the target against the Host field and brings it into origin form (RFC 9112 §3.2).
    mutating func resolve(host: String?) throws(HTTPParseError) {
        if let host, !Self.isValid(host: host) { throw .badHost }
        let text = String(decoding: target, as: UTF8.self)
        guard !text.contains("#"), method.rawValue != "CONNECT" else {
            throw method.rawValue == "CONNECT" ? .unknownMethod : .malformedRequestLine
        }
        if text == "*" {
            guard method == .options else { throw .malformedRequestLine }
            path = "*"
        } else if text.hasPrefix("/") {
            split(text[...])
        } else {
            try resolveAbsolute(text, host: host)
        }
    }

    private mutating func resolveAbsolute(_ text: String, host: String?) throws(HTTPParseError) {
        let lowered = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowered.hasPrefix($0) }) else {
            throw .malformedRequestLine
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, Self.isValid(host: String(authority)) else { throw .malformedRequestLine }
        guard host == nil || authority.lowercased() == host?.lowercased() else { throw .badHost }
        let origin = rest.dropFirst(authority.count)
        split(origin.isEmpty ? "/" : origin.hasPrefix("?") ? "/" + origin : origin)
    }

    private mutating func split(_ target: Substring) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        query = parts.count == 2 ? String(parts[1]) : nil
    }

    /// RFC 3986 §3.2.2: a name, an IPv4 address or a bracketed IPv6 one, and perhaps a port.
    ///
    /// No user, no path.
    private static func isValid(host: String) -> Bool {
        let bytes = Array(host.utf8)
        guard !bytes.isEmpty, !bytes.contains(where: { "/?#@,\\ \t\"<>".utf8.contains($0) }) else { return false }
        guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else {
            let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            return !bytes.contains(UInt8(ascii: "[")) && parts.count <= 2 && !parts[0].isEmpty
                && (parts.count == 1 || isPort(parts[1]))
        }
        guard bytes.first == UInt8(ascii: "["), close > 1,
            bytes[1..<close].allSatisfy({ $0.isHexDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
        else { return false }
        let rest = bytes[(close + 1)...]
        return rest.isEmpty || (rest.first == UInt8(ascii: ":") && isPort(rest.dropFirst()))
    }

    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count <= 5 && bytes.allSatisfy(\.isDigit)
    }
}
