import HTTPTypes

/// What a request asks for, as sent (RFC 9112 §3.2).
///
/// CONNECT's authority form is refused.
struct RequestTarget: Equatable, Sendable {
    /// Starts with a slash, still percent-encoded; `*` for the asterisk form.
    let path: String
    let query: String?
    /// From an absolute target only.
    let authority: String?

    init(_ text: String, method: HTTPRequest.Method) throws(HTTPParseError) {
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw .malformedTarget }
        if text == "*" {
            guard method == .options else { throw .malformedTarget }
            path = "*"
            query = nil
            authority = nil
            return
        }
        var rest = text[...]
        if rest.utf8.first != UInt8(ascii: "/") {
            guard let scheme = Self.schemeLength(rest) else { throw .malformedTarget }
            rest = rest.dropFirst(scheme)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            authority = String(rest[..<end])
            rest = rest[end...]
        } else {
            authority = nil
        }
        let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?"))
        let path = rest[..<(mark ?? rest.endIndex)]
        self.path = path.isEmpty ? "/" : String(path)
        query = mark.map { String(rest[rest.utf8.index(after: $0)...]) }
    }

    private static func schemeLength(_ text: Substring) -> Int? {
        let start = text.prefix(8).lowercased()
        return start.hasPrefix("http://") ? 7 : start == "https://" ? 8 : nil
    }

    /// RFC 9112 §3.2: one Host, valid, equal to the target's authority; only HTTP/1.0 may do without.
    func check(hosts: [String], version: RequestHead.Version) throws(HTTPParseError) {
        guard hosts.count <= 1, hosts.count == 1 || version == .http10 else { throw .malformedHost }
        if let host = hosts.first, !Self.isAuthority(host) { throw .malformedHost }
        guard let authority else { return }
        guard Self.isAuthority(authority) else { throw .malformedTarget }
        if let host = hosts.first, host.lowercased() != authority.lowercased() { throw .malformedHost }
    }

    /// `uri-host [ ":" port ]` without user information.
    static func isAuthority(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let host: ArraySlice<UInt8>
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            host = bytes[1..<end]
            guard host.allSatisfy({ $0.hexadecimalValue != nil || $0 == 58 || $0 == 46 }) else { return false }
            return !host.isEmpty && isPort(bytes[(end + 1)...])
        }
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        host = bytes[..<colon]
        let others = "-._~%!$&'()*+;=".utf8
        guard !host.isEmpty, host.allSatisfy({ $0.isAlphanumeric || others.contains($0) }) else { return false }
        return isPort(bytes[colon...])
    }

    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let colon = bytes.first else { return true }
        let digits = bytes.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.count <= 5, digits.allSatisfy(\.isDigit) else { return false }
        return digits.reduce(0) { $0 * 10 + Int($1 - 48) } <= 65535
    }
}
