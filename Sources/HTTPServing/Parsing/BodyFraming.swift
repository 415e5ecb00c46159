import HTTPTypes

/// How the end of a request body is found (RFC 9112 §6).
///
/// Anything two parsers could read differently is refused.
enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked

    init(fields: HTTPFields, version: RequestHead.Version) throws(HTTPParseError) {
        let lengths = fields[values: .contentLength]
        let codings = fields[words: .transferEncoding]
        guard lengths.isEmpty || codings.isEmpty, lengths.count <= 1 else { throw .conflictingLength }
        if !codings.isEmpty {
            guard version == .http11, codings.count == 1 else { throw .malformedTransferCoding }
            try Self.checkCoding(codings[0])
            self = .chunked
        } else if let length = lengths.first {
            let count = try Self.decimal(length)
            self = count == 0 ? .none : .length(count)
        } else {
            self = .none
        }
    }

    /// `1*DIGIT`, without leading zeros, that fits in an `Int`.
    private static func decimal(_ text: String) throws(HTTPParseError) -> Int {
        let digits = text.utf8
        guard !digits.isEmpty, digits.allSatisfy(\.isDigit), digits.count == 1 || digits.first != 48,
            let value = Int(text)
        else { throw .malformedLength }
        return value
    }

    private static func checkCoding(_ text: String) throws(HTTPParseError) {
        let codings = text.lowercased().split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.trimmingBlanks }
        if codings == ["chunked"] { return }
        for (index, coding) in codings.enumerated() {
            guard !coding.isEmpty, coding.utf8.allSatisfy(\.isToken), coding != "identity",
                coding != "chunked" || index == codings.count - 1
            else { throw .malformedTransferCoding }
        }
        throw .unsupportedTransferCoding
    }
}
