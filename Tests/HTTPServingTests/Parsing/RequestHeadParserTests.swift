import HTTPTypes
import Testing

@testable import HTTPServing

struct RequestHeadParserTests {
    static func parse(_ text: String, limits: HTTPLimits = HTTPLimits()) throws -> RequestHead? {
        var parser = RequestHeadParser(limits: limits)
        var input = InboundBytes(text.utf8)
        return try parser.parse(&input)
    }

    /// Text compared as Unicode has it takes an hour of so many marks.
    @Test(.timeLimit(.minutes(1))) func wordsAreReadInTimeThatGrowsWithThem() throws {
        var limits = HTTPLimits()
        limits.headBytes = 1 << 23
        let marks = "a" + String(repeating: "\u{301}\u{323}", count: 500_000)
        let fields =
            "Connection: close, \(marks)\r\nAccept-Encoding: \(marks), gzip\r\nContent-Encoding: gzip, \(marks)\r\n"
        let head = try #require(try Self.parse("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", limits: limits))
        #expect(!head.keepsAlive)
        #expect(AcceptEncoding(head.fields[words: .acceptEncoding]).prefersGzip)
        #expect(BodyCoding(head.fields[words: .contentEncoding]) == .unsupported)
        #expect(throws: HTTPParseError.unknownExpectation) {
            try Self.parse("POST / HTTP/1.1\r\nHost: a\r\nExpect: \(marks)\r\n\r\n", limits: limits)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let id: String
        let text: String
        let status: Int
        var testDescription: String { id }

        init(_ id: String, _ status: Int, _ text: String) {
            self.id = id
            self.status = status
            self.text = text
        }

        /// A valid POST with further fields.
        static func fields(_ id: String, _ status: Int, _ fields: String...) -> Self {
            let lines = fields.map { $0 + "\r\n" }.joined()
            return Self(id, status, "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n")
        }

        static func line(_ id: String, _ status: Int, _ line: String) -> Self {
            Self(id, status, "\(line)\r\nHost: a\r\n\r\n")
        }
    }

    static let lengths: [Case] =
        ["+5", "-5", "-0", "0x5", "0o5", "1_0", "1 0", "", "005", "5, 6", "5, 5", "9223372036854775808"]
        .map { .fields("SMUG-CL-\($0)", 400, "Content-Length: \($0)") }

    static let codings: [Case] =
        [("", 400), ("identity", 400), ("chunked, chunked", 400), ("chunked, gzip", 400), ("chunked,", 400)]
        .map { .fields("SMUG-TE-\($0.0)", $0.1, "Transfer-Encoding: \($0.0)") }
        + [
            ("gzip, chunked", 501), ("xchunked", 501), ("\"chunked\"", 400), ("chunked;a=b", 400),
            ("chun\u{0B}ked", 400),
        ]
        .map { .fields("SMUG-TE-\($0.0)", $0.1, "Transfer-Encoding: \($0.0)") }

    static let framing: [Case] = [
        .fields("SMUG-CL-TE-BOTH", 400, "Content-Length: 5", "Transfer-Encoding: chunked"),
        .fields("SMUG-DUPLICATE-CL", 400, "Content-Length: 5", "Content-Length: 5"),
        .fields("SMUG-TE-DUPLICATE", 400, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        Case("SMUG-TE-HTTP10", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        .fields("EXPECT-UNKNOWN", 417, "Expect: 200-ok"),
    ]

    static let lines: [Case] = [
        .line("MULTIPLE-SPACES", 400, "GET  / HTTP/1.1"), .line("TAB", 400, "GET\t/ HTTP/1.1"),
        .line("TRAILING-SPACE", 400, "GET / HTTP/1.1 "), .line("LOWERCASE-NAME", 400, "GET / http/1.1"),
        .line("HTTP2", 505, "GET / HTTP/2.0"), .line("HTTP09", 400, "GET /"),
        .line("H2-PREFACE", 505, "PRI * HTTP/2.0"), .line("LONG-VERSION", 400, "GET / HTTP/1.10"),
        .line("FRAGMENT", 400, "GET /#a HTTP/1.1"), .line("NON-ASCII", 400, "GET /é HTTP/1.1"),
        .line("ASTERISK-GET", 400, "GET * HTTP/1.1"), .line("CONNECT", 501, "CONNECT a:80 HTTP/1.1"),
        .line("RELATIVE", 400, "GET a HTTP/1.1"), .line("BAD-METHOD", 400, "G(T / HTTP/1.1"),
        .line("ABSOLUTE-MISMATCH", 400, "GET http://b/ HTTP/1.1"), .line("SCHEME", 400, "GET ftp://a/ HTTP/1.1"),
        .line("LONG", 414, "GET /\(String(repeating: "a", count: 8192)) HTTP/1.1"),
        .line("LEADING-SPACE", 400, " GET / HTTP/1.1"),
        .line("MAL-LONG-METHOD", 501, String(repeating: "A", count: 9000) + " / HTTP/1.1"),
        .line("LONG-NO-METHOD", 400, String(repeating: "(", count: 9000)),
    ]

    static let fields: [Case] = [
        .fields("SPACE-BEFORE-COLON", 400, "A : b"), .fields("NO-COLON", 400, "A"), .fields("EMPTY-NAME", 400, ": b"),
        .fields("OBS-FOLD", 400, "A: b", " c"), .fields("NUL", 400, "A: b\0c"), .fields("BARE-CR", 400, "A: b\rc"),
        .fields("CONTROL", 400, "A: b\u{7}c"), .fields("BARE-LF", 400, "A: b\nC: d"), .fields("DEL", 400, "A: \u{7F}"),
        Case("LEADING-SPACE-FIELD", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        Case("BARE-LF-ALL", 400, "GET / HTTP/1.1\nHost: a\n\n"),
        Case("HOST-MISSING", 400, "GET / HTTP/1.1\r\n\r\n"), .fields("HOST-DUPLICATE", 400, "Host: a"),
        Case("TOO-LARGE", 431, "GET / HTTP/1.1\r\nA: \(String(repeating: "a", count: 33_000))"),
        Case("TOO-MANY", 431, "GET / HTTP/1.1\r\n\(String(repeating: "A: b\r\n", count: 101))\r\n"),
    ]

    static let hosts: [Case] =
        ["", "a,b", "a/b", "u@a", "a b", "a:x", "a:70000", "[::1", "[]", "a?b", "a#b", ":80"]
        .map { Case("HOST-\($0)", 400, "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n") }

    @Test(arguments: lengths + codings + framing + lines + fields + hosts)
    func malformedHeadsAreRefused(_ example: Case) {
        let error = #expect(throws: HTTPParseError.self) { try Self.parse(example.text) }
        #expect(error?.status.code == example.status)
    }

    @Test(arguments: [
        "GET / HTTP/1.0\r\n\r\n", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a:80\r\n\r\n",
        "GET http://a/b?c HTTP/1.1\r\nHost: A\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\nX: caf\u{E9}\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\t\r\n\r\n",
        "GET /\(String(repeating: "a", count: 8000)) HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func wellFormedHeadsAreAccepted(_ text: String) throws {
        #expect(try Self.parse(text) != nil)
    }

    @Test func aHeadAtItsLimitsIsAccepted() throws {
        var limits = HTTPLimits()
        limits.requestLineBytes = 16
        limits.fieldCount = 3
        let text = "GET /ab HTTP/1.1\r\nHost: a\r\nB: c\r\nD: e\r\n\r\n"
        limits.headBytes = text.utf8.count
        #expect(try Self.parse(text, limits: limits) != nil)
        limits.headBytes -= 1
        #expect(throws: HTTPParseError.headTooLarge) { try Self.parse(text, limits: limits) }
        limits.headBytes += 1
        limits.fieldCount -= 1
        #expect(throws: HTTPParseError.tooManyFields) { try Self.parse(text, limits: limits) }
        limits.fieldCount += 1
        limits.requestLineBytes -= 1
        #expect(throws: HTTPParseError.requestLineTooLong) { try Self.parse(text, limits: limits) }
    }

    @Test(arguments: [1, 2, 3, 7])
    func piecesOfAnySizeGiveTheSameHead(_ size: Int) throws {
        let text = "POST /a?b=c HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nX-A: b\r\n\r\nrest"
        var parser = RequestHeadParser(limits: HTTPLimits())
        var input = InboundBytes()
        var head: RequestHead?
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { input.append($0) }
            if head == nil { head = try parser.parse(&input) }
        }
        #expect(head == (try Self.parse(text)))
        #expect(head?.framing == .length(12))
        #expect(Array(input[0..<input.count]) == Array("rest".utf8))
    }
}
