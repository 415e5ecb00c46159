import HTTPTypes

/// Finds and parses request heads in the bytes of a connection.
///
/// Does no I/O and keeps no bytes: it is shown everything received, and remembers how far it has looked.
struct RequestHeadParser: Sendable {
    private let limits: HTTPLimits
    private var searched = 0

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Looks for a head at the start of `bytes`, which hold what earlier calls saw and more.
    ///
    /// - Returns: the head and its length, or nil when more bytes are needed.
    /// - Throws: once the head is known to be bad; the parser must not be used again.
    mutating func parse(_ bytes: [UInt8]) throws(HTTPParseError) -> (head: RequestHead, length: Int)? {
        // RFC 9112 §2.2: empty lines before the request line are ignored.
        var start = 0
        while bytes.count >= start + 2, bytes[start] == 13, bytes[start + 1] == 10 { start += 2 }
        guard start <= limits.headBytes else { throw .headTooLarge }
        guard let end = Self.blankLine(in: bytes, from: max(start, searched - 3)) else {
            try Self.checkLineEnds(bytes[max(start, searched - 1)...])
            searched = bytes.count
            try checkSizes(bytes[start...])
            return nil
        }
        try Self.checkLineEnds(bytes[start..<end + 4])
        searched = 0
        try checkSizes(bytes[start..<end + 2])
        return (try Self.parse(bytes[start..<end + 2], limits: limits), end + 4)
    }

    private static func blankLine(in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= start + 4 else { return nil }
        return (start...bytes.count - 4).first {
            bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
        }
    }

    /// RFC 9112 §2.2: a bare LF or CR is how parsers come to disagree.
    ///
    /// The first byte is not judged unless it follows a line: what stands before it is not seen.
    private static func checkLineEnds(_ bytes: ArraySlice<UInt8>) throws(HTTPParseError) {
        for index in bytes.indices {
            if bytes[index] == 10, index == 0 || (index > bytes.startIndex && bytes[index - 1] != 13) {
                throw .malformedField
            }
            if bytes[index] == 13, index + 1 < bytes.endIndex, bytes[index + 1] != 10 { throw .malformedField }
        }
    }

    private func checkSizes(_ head: ArraySlice<UInt8>) throws(HTTPParseError) {
        let lineEnd = head.firstIndex(of: 13) ?? head.endIndex
        guard lineEnd - head.startIndex <= limits.requestLineBytes else { throw .requestLineTooLong }
        guard head.count <= limits.headBytes else { throw .headTooLarge }
    }

    /// - Parameter bytes: the head's lines, each ending in CRLF.
    private static func parse(_ bytes: ArraySlice<UInt8>, limits: HTTPLimits) throws(HTTPParseError) -> RequestHead {
        var lines: [ArraySlice<UInt8>] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 13) {
            lines.append(bytes[start..<end])
            start = end + 2
        }
        guard let first = lines.first else { throw .malformedRequestLine }
        guard lines.count - 1 <= limits.fieldCount else { throw .tooManyFields }
        var line = try RequestLine(first)
        var head = RequestHead(
            method: line.method,
            path: "",
            query: nil,
            minorVersion: line.minorVersion
        )
        for field in lines.dropFirst() { head.fields.append(try parseField(field)) }
        try line.resolve(host: hostField(head))
        (head.path, head.query) = (line.path, line.query)
        head.framing = try framing(head)
        head.expectsContinue = try expectation(head)
        return head
    }

    /// RFC 9110 §5: a token, a colon at once, a value without control characters.
    private static func parseField(_ line: ArraySlice<UInt8>) throws(HTTPParseError) -> HTTPField {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
            line[..<colon].allSatisfy(\.isTokenCharacter),
            let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self))
        else { throw .malformedField }
        var value = line[(colon + 1)...]
        while let byte = value.first, byte == 32 || byte == 9 { value = value.dropFirst() }
        while let byte = value.last, byte == 32 || byte == 9 { value = value.dropLast() }
        guard value.allSatisfy({ ($0 >= 32 && $0 != 127) || $0 == 9 }) else { throw .malformedField }
        return HTTPField(name: name, value: String(decoding: value, as: UTF8.self))
    }

    /// RFC 9112 §3.2: exactly one Host in HTTP/1.1, at most one in HTTP/1.0.
    private static func hostField(_ head: RequestHead) throws(HTTPParseError) -> String? {
        guard let name = HTTPField.Name("Host") else { return nil }
        let hosts = head.fields[fields: name].map(\.value)
        guard hosts.count <= 1, hosts.count == 1 || head.minorVersion == 0 else { throw .badHost }
        return hosts.first
    }
}
