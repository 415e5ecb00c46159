import HTTPServing
import HTTPTypes

/// `GET /`: for browsers the page, for everyone else what this server is and where its interface begins.
struct IndexEndpoint: Sendable {
    struct Index: Encodable {
        let name = "switchyard"
        var version: String
        let links = Links()
    }

    struct Links: Encodable {
        let completions = "/v1/completions"
        let chat = "/v1/chat/completions"
        let responses = "/v1/responses"
        let models = "/v1/models"
        let readiness = "/readyz"
        let metrics = "/metrics"
        let description = "/openapi.yaml"
    }

    let context: RequestContext
    let console: ConsoleFiles

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let preference = PagePreference(accept: request.fields[.accept])
        let page = preference.wantsPage ? console.index : nil
        var response = page ?? .json(Index(version: context.configuration.version))
        response.fields[.vary] = "Accept"
        return response
    }
}
