import HTTPTypes

/// Turns bytes into request heads (RFC 9112 §2–5).
///
/// Does no I/O, looks at each byte a fixed number of times, and consumes a head only when it is whole.
struct RequestHeadParser {
    private let limits: HTTPLimits
    private var lineStart = 0
    private var scanned = 0
    private var line: RequestLine?
    private var fields = HTTPFields()
    private var fieldCount = 0

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// The next head, or nil until more bytes have been appended to `input`.
    ///
    /// - Throws: once the head is known to be bad. The parser must not be used again.
    mutating func parse(_ input: inout InboundBytes) throws(HTTPParseError) -> RequestHead? {
        while let lineFeed = input.firstLineFeed(from: scanned) {
            try check(input, lineEnd: lineFeed)
            guard lineFeed > lineStart, input[lineFeed - 1] == .carriageReturn else { throw .bareLineFeed }
            let bytes = input[lineStart..<(lineFeed - 1)]
            lineStart = lineFeed + 1
            scanned = lineStart
            guard let line else {
                // RFC 9112 §2.2: an empty line before the request line is ignored.
                if !bytes.isEmpty { self.line = try RequestLine(bytes) }
                continue
            }
            if bytes.isEmpty {
                input.consume(lineStart)
                let head = try RequestHead(line: line, fields: fields)
                self = Self(limits: limits)
                return head
            }
            try append(field: bytes)
        }
        scanned = input.count
        try check(input, lineEnd: scanned)
        return nil
    }

    /// The method of the request that is being read, once its line has arrived.
    var method: HTTPRequest.Method? { line?.method }

    private func check(_ input: InboundBytes, lineEnd: Int) throws(HTTPParseError) {
        // The line's CR is not counted.
        if line == nil, lineEnd - lineStart > limits.requestLineBytes + 1 {
            throw tooLong(input[lineStart..<lineEnd])
        }
        if lineEnd >= limits.headBytes { throw .headTooLarge }
    }

    /// RFC 9112 §3: 414 is for long targets; a method longer than any known one is not implemented.
    private func tooLong(_ line: ArraySlice<UInt8>) -> HTTPParseError {
        let start = line.prefix(limits.requestLineBytes)
        guard let end = start.firstIndex(where: { !$0.isToken }) else { return .unsupportedMethod }
        return line[end] == .space && end > line.startIndex ? .requestLineTooLong : .malformedRequestLine
    }

    private mutating func append(field bytes: ArraySlice<UInt8>) throws(HTTPParseError) {
        fieldCount += 1
        guard fieldCount <= limits.fieldCount else { throw .tooManyFields }
        // RFC 9112 §5.1: no whitespace before the colon; §5.2: no folding.
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let name = HTTPField.Name(String(decoding: bytes[..<colon], as: UTF8.self))
        else { throw .malformedField }
        let value = bytes[(colon + 1)...].trimmed
        guard value.allSatisfy(\.isFieldText) else { throw .malformedField }
        fields.append(HTTPField(name: name, value: value))
    }
}
