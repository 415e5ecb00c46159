import HTTPTypes

/// The request line and header fields of one request, checked, and what they mean for the connection.
struct RequestHead: Equatable, Sendable {
    enum Version: Sendable { case http10, http11 }

    enum Expectation: Sendable { case none, `continue` }

    let method: HTTPRequest.Method
    let target: RequestTarget
    let version: Version
    let fields: HTTPFields
    let framing: BodyFraming
    let expectation: Expectation
    /// Whether the client wants the connection to stay open (RFC 9112 §9.3).
    let keepsAlive: Bool
}

extension RequestHead {
    /// Applies the rules that need the whole head.
    init(line: RequestLine, fields: HTTPFields) throws(HTTPParseError) {
        guard line.method != .connect else { throw .unsupportedMethod }
        method = line.method
        version = line.version
        self.fields = fields
        target = try RequestTarget(line.target, method: line.method)
        framing = try BodyFraming(fields: fields, version: line.version)
        try target.check(hosts: fields[values: .hostField], version: line.version)
        let options = fields[words: .connection].flatMap { $0.lowercased().split(separator: ",") }
            .map { $0.trimmingBlanks }
        keepsAlive =
            !options.contains("close") && (line.version == .http11 || options.contains("keep-alive"))
        let expectations = fields[words: .expect]
        if expectations.isEmpty || line.version == .http10 {
            expectation = .none
        } else if expectations.count == 1, expectations[0].lowercased() == "100-continue" {
            expectation = .continue
        } else {
            throw .unknownExpectation
        }
    }
}

extension HTTPRequest.Method {
    /// RFC 9110 §9.3: a request of this method may have content, which says nothing.
    var givesContentNoMeaning: Bool { [.get, .head, .delete, .options, .trace].contains(self) }
}

extension Substring {
    /// Without spaces and tabs at either end.
    var trimmingBlanks: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

extension HTTPField.Name {
    static let hostField = Self("Host")!
    static let requestID = Self("X-Request-Id")!
    static let traceparent = Self("traceparent")!
    static let tracestate = Self("tracestate")!
}
