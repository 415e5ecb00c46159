package import HTTPTypes
package import Telemetry

/// One request as a handler sees it.
///
/// The body is read on demand.
package struct ServerRequest: Sendable {
    package let method: HTTPRequest.Method
    /// The path as sent, still percent-encoded, without the query.
    package let path: String
    package let query: String?
    package let fields: HTTPFields
    /// What is known of the request; handlers add what they find out.
    package let trace: RequestTrace
    /// Path parameters of the matched route, percent-decoded, such as `id` for `/v1/models/{id}`.
    package var parameters: [String: String] = [:]
    /// The name of who sent it, once a handler has made sure of it.
    package var principal: String?
    package let body: RequestBody

    /// The request's id: the client's `X-Request-Id` when valid, else generated.
    package var id: String { trace.id }

    package init(
        method: HTTPRequest.Method,
        path: String,
        query: String? = nil,
        fields: HTTPFields = [:],
        trace: RequestTrace,
        body: RequestBody
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.trace = trace
        self.body = body
    }

    /// A request that nobody else traces.
    package init(
        method: HTTPRequest.Method,
        path: String,
        query: String? = nil,
        fields: HTTPFields = [:],
        id: String,
        body: RequestBody
    ) {
        let trace = RequestTrace(id: id)
        self.init(method: method, path: path, query: query, fields: fields, trace: trace, body: body)
    }
}

/// The body of a request, not yet read from the socket when the handler starts.
package struct RequestBody: Sendable {
    private let read: @Sendable () async throws(RequestBodyError) -> [UInt8]

    private let onRelease: @Sendable () -> Void

    /// - Parameters:
    ///   - read: called at most once, with the whole body or what is wrong with it.
    ///   - release: may be called at any time, and several times.
    package init(
        read: @escaping @Sendable () async throws(RequestBodyError) -> [UInt8],
        release: @escaping @Sendable () -> Void = {}
    ) {
        self.read = read
        onRelease = release
    }

    /// The whole body.
    ///
    /// May be called once.
    ///
    /// Unpacked when it came as gzip.
    ///
    /// - Throws: when it is larger than `HTTPLimits.bodyBytes`, malformed, coded otherwise, late, or the client has gone.
    package func collect() async throws(RequestBodyError) -> [UInt8] { try await read() }

    /// Says that the bytes are no longer held, so that their memory counts for other bodies.
    ///
    /// Without it they count until the request is answered.
    package func release() { onRelease() }
}
