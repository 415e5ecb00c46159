package import HTTPTypes

/// Finds the handler of a request by method and path template, and answers 404, 405, 501 and `OPTIONS` itself.
package struct RouteTable: HTTPHandler {
    /// Answers the requests of one method and template, on the cooperative pool, several at a time.
    package typealias Respond = @Sendable (ServerRequest) async -> ServerResponse

    private struct Route: Sendable {
        let template: RouteTemplate
        var methods: [(method: HTTPRequest.Method, respond: Respond)]
    }

    private static let knownMethods: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .delete, .connect, .options, .trace, .patch,
        // Safe as GET, with content as POST; of the HTTP working group.
        HTTPRequest.Method("QUERY")!,
    ]

    /// Those with more literal segments first, so that `/models/all` wins over `/models/{id}`.
    private var routes: [Route] = []

    package init() {}

    /// - Parameter template: such as `/v1/models/{id}`; a parameter matches one non-empty path segment.
    package mutating func on(_ method: HTTPRequest.Method, _ template: String, respond: @escaping Respond) {
        if let index = routes.firstIndex(where: { $0.template.text == template }) {
            routes[index].methods.append((method, respond))
            return
        }
        let route = Route(template: RouteTemplate(template), methods: [(method, respond)])
        let index = routes.firstIndex { $0.template.parameterCount > route.template.parameterCount }
        routes.insert(route, at: index ?? routes.endIndex)
    }

    /// Builds the response of errors the table finds itself: 404, 405, 501; the second argument is the request's path.
    package var errorResponse: @Sendable (HTTPResponse.Status, String) -> ServerResponse = { status, _ in
        ErrorBody(status: status, message: status.reasonPhrase).response
    }

    /// Other ways to write a path, tried in order where no route has it as it came.
    package var otherSpellings: @Sendable (_ path: String) -> [String] = { _ in [] }

    package func respond(to request: ServerRequest) async -> ServerResponse {
        guard Self.knownMethods.contains(request.method) else { return errorResponse(.notImplemented, request.path) }
        if request.path == "*" { return options(routes.flatMap(\.methods).map(\.method)) }
        guard
            let (route, parameters) = find(request.path)
                ?? otherSpellings(request.path).lazy.compactMap({ find($0) }).first
        else { return errorResponse(.notFound, request.path) }
        var response = await respond(to: request, with: parameters, on: route)
        response.route = route.template.text
        return response
    }

    private func find(_ path: String) -> (Route, [String: String])? {
        let parts = RouteTemplate.parts(of: path)
        for route in routes {
            if let parameters = route.template.match(parts) { return (route, parameters) }
        }
        return nil
    }

    private func respond(
        to request: ServerRequest,
        with parameters: [String: String],
        on route: Route
    ) async -> ServerResponse {
        let methods = route.methods
        let match =
            methods.first { $0.method == request.method }
            ?? methods.first { request.method == .head && $0.method == .get }
        if let match {
            var request = request
            request.parameters = parameters
            return await match.respond(request)
        }
        if request.method == .options { return options(methods.map(\.method)) }
        var response = errorResponse(.methodNotAllowed, request.path)
        response.fields[.allow] = Self.allow(methods.map(\.method))
        return response
    }

    private func options(_ methods: [HTTPRequest.Method]) -> ServerResponse {
        ServerResponse(status: .noContent, fields: [.allow: Self.allow(methods)])
    }

    private static func allow(_ methods: [HTTPRequest.Method]) -> String {
        var names = Set(methods.map(\.rawValue)).union(["OPTIONS"])
        if names.contains("GET") { names.insert("HEAD") }
        return names.sorted().joined(separator: ", ")
    }
}
