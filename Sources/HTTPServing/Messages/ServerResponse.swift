package import HTTPTypes

/// What a handler answers.
///
/// The server adds `Date`, `Content-Length` or chunking, `X-Request-Id` and `Connection`.
package struct ServerResponse: Sendable {
    /// What follows the head: bytes whose number is known, or pieces that are still to be made.
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Written piece by piece; the response is chunked.
        ///
        /// The closure's task is cancelled when the client leaves.
        case stream(@Sendable (ResponseWriter) async throws -> Void)
    }

    package var status: HTTPResponse.Status
    package var fields: HTTPFields
    package var body: Body
    /// The template of the route that answered, for metrics; set by `RouteTable`.
    package var route: String?

    package init(status: HTTPResponse.Status, fields: HTTPFields = [:], body: Body = .bytes([])) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// Writes the pieces of a streamed body with back-pressure.
package struct ResponseWriter: Sendable {
    private let send: @Sendable ([UInt8]) async throws -> Void

    package init(send: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.send = send
    }

    /// Returns when the bytes were taken by the socket.
    ///
    /// Throws when the client has gone or stalls too long.
    package func write(_ bytes: [UInt8]) async throws { try await send(bytes) }
}

/// Answers requests.
///
/// Called on the cooperative pool; its task is cancelled when the client leaves.
package protocol HTTPHandler: Sendable {
    /// Answers one request, errors included: there is nobody behind it to throw to.
    ///
    /// Requests of one connection come one after the other, those of several at the same time.
    func respond(to request: ServerRequest) async -> ServerResponse
}
