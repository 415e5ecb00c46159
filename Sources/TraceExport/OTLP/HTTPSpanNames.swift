import Telemetry

/// OpenTelemetry's names for what a server knows of an HTTP request.
enum HTTPSpanNames {
    static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ]

    static func attributes(of record: RequestRecord) -> [OTLPDocument.Attribute] {
        var attributes: [OTLPDocument.Attribute] = []
        func add(_ key: String, _ value: OTLPDocument.Value?) {
            if let value { attributes.append(.init(key: key, value: value)) }
        }
        let isKnown = record.method.map(methods.contains) ?? false
        add("http.request.method", .string(isKnown ? record.method ?? "" : "_OTHER"))
        if !isKnown { add("http.request.method_original", record.method.map { .string($0) }) }
        add("http.route", record.route.map { .string($0) })
        add("url.path", record.path.map { .string($0) })
        add("url.scheme", .string(record.isSecure ? "https" : "http"))
        add("http.response.status_code", .integer(record.status))
        if let authority = record.authority {
            let (host, port) = split(authority)
            add("server.address", .string(host))
            add("server.port", port.map { .integer($0) })
        }
        add("client.address", record.remote.map { .string($0) })
        add("user_agent.original", record.userAgent.map { .string($0) })
        add("http.request.body.size", .integer(record.requestBytes))
        add("http.response.body.size", .integer(record.responseBytes))
        add("http.request.header.x-request-id", .array([.string(record.trace.id)]))
        if record.end != .complete { add("switchyard.response.end", .string(record.end.rawValue)) }
        let isNamed = record.trace.attributes.contains { $0.key.span == "error.type" }
        if record.status >= 500, !isNamed { add("error.type", .string("\(record.status)")) }
        return attributes
    }

    /// Host and port of the field `Host`.
    private static func split(_ authority: String) -> (String, Int?) {
        guard let colon = authority.lastIndex(of: ":"), authority[colon...].firstIndex(of: "]") == nil,
            let port = Int(authority[authority.index(after: colon)...])
        else { return (authority, nil) }
        return (String(authority[..<colon]), port)
    }
}
