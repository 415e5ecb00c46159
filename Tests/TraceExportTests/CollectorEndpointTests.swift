import Testing

@testable import TraceExport

struct CollectorEndpointTests {
    @Test(arguments: [
        ("http://localhost:4318", "localhost", 4318, "/v1/traces", "localhost:4318"),
        ("HTTP://c/", "c", 80, "/v1/traces", "c"),
        ("https://c", "c", 443, "/v1/traces", "c"),
        ("https://c:4318/", "c", 4318, "/v1/traces", "c:4318"),
        ("http://c/otlp", "c", 80, "/otlp/v1/traces", "c"),
        ("http://c/otlp/v1/traces", "c", 80, "/otlp/v1/traces", "c"),
        ("http://c/v1/traces/", "c", 80, "/v1/traces", "c"),
        ("http://c/a%2Fb?key=1", "c", 80, "/a%2Fb/v1/traces?key=1", "c"),
        ("http://[::1]:4318", "::1", 4318, "/v1/traces", "[::1]:4318"),
    ])
    func aURLIsRead(text: String, host: String, port: Int, target: String, authority: String) throws {
        let endpoint = try #require(CollectorEndpoint(text))
        #expect((endpoint.host, endpoint.port) == (host, port))
        #expect((endpoint.target, endpoint.authority) == (target, authority))
        #expect(endpoint.isSecure == text.hasPrefix("https"))
    }

    @Test(arguments: [
        "", "localhost:4318", "localhost", "grpc://c:4317", "http://", "http:///v1", "http://user@c", "http://u:p@c",
        "http://c#x", "http://c:0", "http://c:70000", "http://c:x", "http://c/a b", "http://c/\r\nX: y",
        "file:///etc/x",
    ])
    func anythingElseIsNot(text: String) {
        #expect(CollectorEndpoint(text) == nil)
    }
}

struct CollectorHeaderTests {
    @Test func aHeaderIsNameAndValue() {
        #expect(CollectorHeader("x-key=a=b c")?.name == "x-key")
        #expect(CollectorHeader("x-key=a=b c")?.value == "a=b c")
        #expect(CollectorHeader("Authorization=")?.value == "")
    }

    @Test(arguments: [
        "", "x", "=y", "a b=c", "a:b=c", "a=b\r\nc: d", "a=\u{7F}", "é=1", "a=é", "Content-Length=5", "host=a",
    ])
    func anythingElseIsNot(text: String) {
        #expect(CollectorHeader(text) == nil)
    }
}

struct CollectorResponseTests {
    private static func response(_ text: String) -> CollectorResponse? { CollectorResponse(Array(text.utf8)) }

    @Test(arguments: [
        (200, ExportVerdict.accepted), (202, .accepted), (301, .refused), (400, .refused), (401, .refused),
        (404, .refused), (413, .refused), (429, .tryAgain(after: .seconds(7))), (500, .refused),
        (502, .tryAgain(after: .seconds(7))), (503, .tryAgain(after: .seconds(7))),
        (504, .tryAgain(after: .seconds(7))),
    ])
    func theStatusDecides(status: Int, verdict: ExportVerdict) {
        #expect(Self.response("HTTP/1.1 \(status) X\r\nretry-AFTER: 7 \r\n\r\n")?.verdict == verdict)
    }

    @Test(arguments: ["-1", "1.5", "Wed, 21 Oct 2015 07:28:00 GMT", "99999999999999999999", ""])
    func aRetryAfterThatIsNoNumberOfSecondsIsNone(text: String) {
        #expect(Self.response("HTTP/1.1 503 X\r\nRetry-After: \(text)\r\n\r\n")?.retryAfter == nil)
    }

    @Test(arguments: [
        "", "\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 20 X\r\n\r\n", "HTTP/1.1 +20 X\r\n\r\n", "HTTP/1.1 abc X\r\n\r\n", "220 smtp\r\n\r\n",
    ])
    func whatIsNoResponseIsNil(text: String) {
        #expect(Self.response(text) == nil)
    }

    @Test(arguments: [
        (#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#, "3 spans were rejected: too old"),
        (#"{"partialSuccess":{"rejectedSpans":"0"}}"#, nil), (#"{"partialSuccess":{}}"#, nil), ("{}", nil), ("", nil),
        ("<html>", nil), (#"{"partialSuccess":{"rejectedSpans":"many"}}"#, nil),
    ])
    func aPartialSuccessIsAComplaint(body: String, complaint: String?) {
        #expect(Self.response("HTTP/1.1 200 OK\r\n\r\n\(body)")?.complaint == complaint)
    }
}
