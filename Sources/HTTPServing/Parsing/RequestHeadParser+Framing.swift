import HTTPTypes

extension RequestHeadParser {
    /// How the body is delimited; anything two parsers could read differently is refused (RFC 9112 §6.3, §11.2).
    static func framing(_ head: RequestHead) throws(HTTPParseError) -> RequestHead.Framing {
        let lengths = head.fields[fields: .contentLength].map(\.value)
        let codings = head.fields[fields: .transferEncoding].map(\.value)
        guard codings.isEmpty else {
            guard lengths.isEmpty, head.minorVersion == 1 else { throw .conflictingLength }
            guard codings.count == 1 else { throw .conflictingLength }
            return try transferCoding(codings[0])
        }
        guard let length = lengths.first else { return .none }
        guard lengths.count == 1 else { throw .conflictingLength }
        let digits = Array(length.utf8)
        // A leading zero is read as octal by some.
        guard !digits.isEmpty, digits.allSatisfy(\.isDigit), digits.count == 1 || digits[0] != 48,
            let count = Int(length)
        else { throw .malformedLength }
        return count == 0 ? .none : .length(count)
    }

    private static func transferCoding(_ coding: String) throws(HTTPParseError) -> RequestHead.Framing {
        if coding.lowercased() == "chunked" { return .chunked }
        let parts = coding.lowercased().split(separator: ",", omittingEmptySubsequences: false)
        let isTokens = parts.allSatisfy { part in
            let name = part.drop { $0 == " " }.prefix { $0 != " " && $0 != ";" }
            return !name.isEmpty && name.utf8.allSatisfy(\.isTokenCharacter)
        }
        guard isTokens, !parts.contains(where: { $0.contains("chunked") || $0.contains("identity") }) else {
            throw .malformedLength
        }
        throw .unsupportedTransferCoding
    }

    /// RFC 9110 §10.1.1: the one expectation there is; an HTTP/1.0 client's is ignored.
    static func expectation(_ head: RequestHead) throws(HTTPParseError) -> Bool {
        let expectations = head.fields[fields: .expect].map(\.value)
        guard head.minorVersion == 1, let first = expectations.first else { return false }
        guard expectations.count == 1, first.lowercased() == "100-continue" else { throw .unknownExpectation }
        return head.framing != .none
    }
}
