import HTTPTypes

/// Packs the bodies of responses with gzip, for clients that take it and where it pays.
///
/// Streams stay as they are: an event is a few hundred bytes that must leave at once, so each would have to be flushed,
/// gaining little at the price of zlib's quarter of a megabyte for every stream, and proxies that unpack would hold
/// events back.
struct ResponseCompression {
    private static let types: Set<String> = [
        "application/json", "application/yaml", "application/openmetrics-text", "application/xml",
        "application/javascript", "image/svg+xml",
    ]

    let limits: HTTPLimits

    /// The response as it goes to a client that sent `fields`.
    ///
    /// `Vary` is added wherever another client could have got it otherwise (RFC 9110 §12.5.5).
    func apply(to response: ServerResponse, accepting fields: HTTPFields) -> ServerResponse {
        guard case .bytes(let bytes) = response.body, !bytes.isEmpty, hasContent(response.status),
            response.fields[.contentEncoding] == nil
        else { return response }
        let pays = bytes.count >= limits.compressedBytes && isCompressible(response.fields)
        let asked = fields[words: .acceptEncoding]
        if asked.isEmpty, !pays { return response }
        let accepted = AcceptEncoding(asked)
        guard pays || accepted.demandsGzip else { return response }
        var response = response
        response.fields.addVary("Accept-Encoding")
        guard accepted.prefersGzip, let packed = GzipEncoder.encode(bytes) else { return response }
        response.body = .bytes(packed)
        response.fields[.contentEncoding] = "gzip"
        return response
    }

    private func hasContent(_ status: HTTPResponse.Status) -> Bool {
        // 206 would be a part of the packed bytes, and these are parts of the others.
        ![204, 206, 304].contains(status.code)
    }

    private func isCompressible(_ fields: HTTPFields) -> Bool {
        // RFC 9111 §5.2.2.6: no-transform.
        if let control = fields[.cacheControl], control.lowercased().contains("no-transform") { return false }
        guard let type = fields[.contentType]?.prefix(while: { $0 != ";" }).trimmingBlanks.lowercased() else {
            return false
        }
        if type == "text/event-stream" { return false }
        return type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml") || Self.types.contains(type)
    }
}

extension HTTPFields {
    /// Adds a name to `Vary` unless it is there.
    fileprivate mutating func addVary(_ name: String) {
        let names = self[values: .vary].joined(separator: ",").lowercased().split(separator: ",").map(\.trimmingBlanks)
        guard !names.contains("*"), !names.contains(where: { $0 == name.lowercased() }) else { return }
        append(HTTPField(name: .vary, value: name))
    }
}
