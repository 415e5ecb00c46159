import Foundation
package import HTTPTypes

/// Finds the handler of a request by method and path template, and answers 404, 405 and `OPTIONS` itself.
package struct RouteTable: HTTPHandler {
    package typealias Respond = @Sendable (ServerRequest) async -> ServerResponse

    private struct Route: Sendable {
        let template: String
        let segments: [Segment]
        var methods: [(method: HTTPRequest.Method, respond: Respond)]

        /// The path's parameters, percent-decoded, when it fits.
        func match(_ path: [Substring]) -> [String: String]? {
            guard path.count == segments.count else { return nil }
            var parameters: [String: String] = [:]
            for (segment, part) in zip(segments, path) {
                switch segment {
                case .literal(let text): guard part == text else { return nil }
                case .parameter(let name):
                    guard !part.isEmpty, let value = part.removingPercentEncoding else { return nil }
                    parameters[name] = value
                }
            }
            return parameters
        }

        func respond(to method: HTTPRequest.Method) -> Respond? {
            let sought = method == .head ? .get : method
            return methods.first { $0.method == sought }?.respond
        }

        /// The value of `Allow`.
        var allowed: String {
            let names = methods.map(\.method.rawValue)
            return (names + (names.contains("GET") ? ["HEAD"] : []) + ["OPTIONS"]).joined(separator: ", ")
        }
    }

    private enum Segment: Sendable {
        case literal(String)
        case parameter(String)
    }

    private var routes: [Route] = []

    /// Builds the response of errors the table finds itself: 404 and 405.
    package var errorResponse: @Sendable (HTTPResponse.Status) -> ServerResponse = { ServerResponse(status: $0) }

    package init() {}

    /// - Parameter template: such as `/v1/models/{id}`; a parameter matches one non-empty path segment.
    package mutating func on(_ method: HTTPRequest.Method, _ template: String, respond: @escaping Respond) {
        if let index = routes.firstIndex(where: { $0.template == template }) {
            routes[index].methods.append((method, respond))
            return
        }
        let segments = Self.split(template).map { part -> Segment in
            part.hasPrefix("{") && part.hasSuffix("}")
                ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
        routes.append(Route(template: template, segments: segments, methods: [(method, respond)]))
    }

    package func respond(to request: ServerRequest) async -> ServerResponse {
        if request.path == "*" {
            let methods: [HTTPField.Name: String] = [.allow: "GET, HEAD, POST, OPTIONS"]
            return ServerResponse(status: .noContent, fields: HTTPFields(methods))
        }
        let path = Self.split(request.path)
        for route in routes {
            guard let parameters = route.match(path) else { continue }
            var response = await respond(to: request, route, parameters)
            response.route = route.template
            return response
        }
        return errorResponse(.notFound)
    }

    private func respond(
        to request: ServerRequest,
        _ route: Route,
        _ parameters: [String: String]
    ) async -> ServerResponse {
        if let respond = route.respond(to: request.method) {
            var request = request
            request.parameters = parameters
            return await respond(request)
        }
        var response =
            request.method == .options ? ServerResponse(status: .noContent) : errorResponse(.methodNotAllowed)
        response.fields[.allow] = route.allowed
        return response
    }

    private static func split(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }
}

extension HTTPFields {
    fileprivate init(_ fields: [HTTPField.Name: String]) {
        self.init()
        for (name, value) in fields { self[name] = value }
    }
}
