import HTTPTypes

/// The first line of a request (RFC 9112 §3).
struct RequestLine: Sendable {
    let method: HTTPRequest.Method
    let target: String
    let version: RequestHead.Version

    /// - Parameter bytes: the line without its CR LF.
    init(_ bytes: ArraySlice<UInt8>) throws(HTTPParseError) {
        guard let first = bytes.firstIndex(of: .space) else { throw .malformedRequestLine }
        let rest = bytes[(first + 1)...]
        guard let second = rest.firstIndex(of: .space) else { throw .malformedRequestLine }
        let target = rest[..<second]
        guard
            let method = HTTPRequest.Method(String(decoding: bytes[..<first], as: UTF8.self)),
            !target.isEmpty, target.allSatisfy(\.isVisible)
        else { throw .malformedRequestLine }
        self.method = method
        self.target = String(decoding: target, as: UTF8.self)
        version = try Self.version(bytes[(second + 1)...])
    }

    /// RFC 9112 §2.3: the name is case-sensitive; a higher minor version is read as 1.1.
    private static func version(_ bytes: ArraySlice<UInt8>) throws(HTTPParseError) -> RequestHead.Version {
        let text = Array(bytes)
        guard text.count == 8, text.starts(with: "HTTP/".utf8), text[5].isDigit, text[6] == UInt8(ascii: "."),
            text[7].isDigit
        else { throw .malformedRequestLine }
        guard text[5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        return text[7] == UInt8(ascii: "0") ? .http10 : .http11
    }
}
