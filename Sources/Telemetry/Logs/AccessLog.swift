/// Writes one line for every request that is over.
///
/// A line says who asked for what and how it went; never what was in it: no query, no prompt, no key.
package struct AccessLog: RequestObserver {
    /// How a line is written: `name=value` pairs or one JSON object, with the same names in both.
    package enum Format: String, Sendable, CaseIterable {
        case text
        case json
    }

    /// Characters of the path and of the user agent that are kept.
    static let maximumPath = 512
    static let maximumUserAgent = 128

    private let format: Format
    private let writer: LogWriter
    private let quietRoutes: Set<String>

    /// - Parameter quietRoutes: templates of routes whose requests are not written, such as probes.
    package init(format: Format, writer: LogWriter, quietRoutes: Set<String>) {
        self.format = format
        self.writer = writer
        self.quietRoutes = quietRoutes
    }

    package func wants(route: String?) -> Bool { route.map { !quietRoutes.contains($0) } ?? true }

    package func finished(_ record: RequestRecord) {
        writer.write(line(record))
    }

    func line(_ record: RequestRecord) -> [UInt8] {
        let trace = record.trace
        var line = LogLine(
            format == .json ? .json : .text,
            time: LogTime(nanoseconds: trace.time(of: trace.start + record.duration)),
            level: record.status >= 500 ? "warning" : "info",
            message: "request"
        )
        line.add("request_id", trace.id)
        line.add("trace_id", trace.traceID.text)
        line.add("span_id", trace.spanID.text)
        if let parent = trace.parent { line.add("parent_id", parent.parentID.text) }
        if let remote = record.remote { line.add("remote", remote) }
        if let method = record.method { line.add("method", method) }
        if let route = record.route { line.add("route", route) }
        if let path = record.path { line.add("path", path.cut(to: Self.maximumPath)) }
        line.add("status", record.status)
        line.add("end", record.end.rawValue)
        line.add("request_bytes", record.requestBytes)
        line.add("response_bytes", record.responseBytes)
        line.add("duration_ms", milliseconds: record.duration)
        for span in trace.spans { line.add("\(span.name)_ms", milliseconds: span.duration) }
        for attribute in trace.attributes { line.add(attribute) }
        if let agent = record.userAgent { line.add("user_agent", agent.cut(to: Self.maximumUserAgent)) }
        return line.finished()
    }
}

extension LogLine {
    /// Adds an attribute that has a name in logs.
    fileprivate mutating func add(_ attribute: TraceAttribute) {
        guard let name = attribute.key.log else { return }
        switch attribute.value {
        case .string(let text): add(name, text)
        case .integer(let number): add(name, number)
        case .number(let number): add(name, number)
        case .flag(let flag): add(name, flag)
        case .strings(let texts): add(name, texts.joined(separator: ","))
        }
    }
}

extension String {
    /// At most `count` of its scalars, the last one an ellipsis where some are left out.
    fileprivate func cut(to count: Int) -> String {
        guard utf8.count > count, unicodeScalars.count > count else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.prefix(count - 1))) + "…"
    }
}
