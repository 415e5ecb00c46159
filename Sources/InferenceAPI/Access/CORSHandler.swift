package import HTTPServing
import HTTPTypes

/// Answers preflights and lets pages of allowed origins read the answers of the handler behind it.
package struct CORSHandler: HTTPHandler {
    private let policy: CORSPolicy
    private let handler: any HTTPHandler

    package init(policy: CORSPolicy, handler: any HTTPHandler) {
        self.policy = policy
        self.handler = handler
    }

    package func respond(to request: ServerRequest) async -> ServerResponse {
        if let fields = policy.preflight(request.method, request.fields) {
            return ServerResponse(status: .noContent, fields: fields)
        }
        var response = await handler.respond(to: request)
        policy.mark(&response.fields, for: request.fields)
        return response
    }
}
