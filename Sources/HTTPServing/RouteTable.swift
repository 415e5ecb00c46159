package import HTTPTypes

/// Finds the handler of a request by method and path template, and answers 404, 405, 501 and `OPTIONS` itself.
package struct RouteTable: HTTPHandler {
    package typealias Respond = @Sendable (ServerRequest) async -> ServerResponse

    package init() {}

    /// - Parameter template: such as `/v1/models/{id}`; a parameter matches one non-empty path segment.
    package mutating func on(_ method: HTTPRequest.Method, _ template: String, respond: @escaping Respond) {}

    /// Builds the response of errors the table finds itself: 404, 405, 501.
    package var errorResponse: @Sendable (HTTPResponse.Status) -> ServerResponse = { ServerResponse(status: $0) }

    package func respond(to request: ServerRequest) async -> ServerResponse { errorResponse(.notFound) }
}
