package import HTTPServing
package import HTTPTypes
import Telemetry

/// Every endpoint of the server, and the table that finds them.
package struct APIRoutes: Sendable {
    /// One row of the table.
    package struct Route: Sendable {
        package let method: HTTPRequest.Method
        package let template: String
        package let respond: RouteTable.Respond
    }

    /// What endpoints answer that is made outside this target.
    package struct Sources: Sendable {
        package var metrics: MetricsExposition
        /// One series per expert.
        package var expertMetrics: MetricsExposition
        /// nil until the model is loaded.
        package var expertLoad: @Sendable () -> ExpertReport?
        /// The description of this interface, `openapi.yaml`.
        package var description: [UInt8]
        /// The page at `/`.
        package var console: ConsoleFiles

        package init(
            metrics: @escaping MetricsExposition,
            expertMetrics: @escaping MetricsExposition,
            expertLoad: @escaping @Sendable () -> ExpertReport?,
            description: [UInt8],
            console: ConsoleFiles
        ) {
            self.metrics = metrics
            self.expertMetrics = expertMetrics
            self.expertLoad = expertLoad
            self.description = description
            self.console = console
        }
    }

    package private(set) var routes: [Route] = []

    /// Adds every endpoint there is; none needs the model to be loaded before it is asked.
    package init(context: RequestContext, sources: Sources) {
        addGeneration(context)
        addTextGeneration(context)
        addTranslation(context)
        addScores(context)
        addModel(context)
        addOperations(context, sources)
    }

    /// The handler for the HTTP server.
    package func table() -> RouteTable {
        var table = RouteTable()
        table.errorResponse = { status, path in
            let foreign = status == .notFound ? ForeignPath(path) : nil
            return (foreign.map { APIError.foreign($0) } ?? .unrouted(status)).response(in: ErrorShape(path: path))
        }
        table.otherSpellings = PathSpelling.others
        for route in routes { table.on(route.method, route.template, respond: route.respond) }
        return table
    }

    private mutating func addGeneration(_ context: RequestContext) {
        on(.post, "/v1/completions", GenerationEndpoint<CompletionRequest>(context: context).respond)
        on(.post, "/v1/chat/completions", GenerationEndpoint<ChatRequest>(context: context).respond)
        on(.post, "/v1/responses", GenerationEndpoint<ResponsesRequest>(context: context).respond)
        on(.delete, "/v1/completions/{id}", CancelEndpoint(context: context).respond)
        on(.post, "/v1/beam_search", GenerationEndpoint<BeamSearchRequest>(context: context).respond)
        on(.post, "/v1/embeddings", EmbeddingsEndpoint(context: context).respond)
        on(.post, "/v1/route", RouteEndpoint(context: context).respond)
    }

    /// What servers and clients of Hugging Face have; the root is shared with the echo.
    private mutating func addTextGeneration(_ context: RequestContext) {
        on(.post, "/", RootEndpoint(context: context).respond)
        on(.post, "/generate", GenerationEndpoint<TextGenerationRequest>(context: context).respond)
        on(.post, "/embed", EmbedEndpoint(context: context).respond)
        on(.post, "/generate_stream", GenerationEndpoint<TextStreamRequest>(context: context).respond)
        on(.get, "/info", InfoEndpoint(context: context).respond)
    }

    private mutating func addTranslation(_ context: RequestContext) {
        on(.post, "/translate", TranslationEndpoint<LibreTranslateRequest>(context: context).respond)
        let libre = LibreTranslateEndpoint(context: context)
        on(.get, "/languages", libre.languages)
        on(.post, "/detect", libre.detect)
        on(.post, "/v2/translate", TranslationEndpoint<DeepLRequest>(context: context).respond)
        let deepL = DeepLEndpoint(context: context)
        on(.get, "/v2/languages", deepL.languages)
        on(.post, "/v2/languages", deepL.languages)
        on(.get, "/v2/usage", deepL.usage)
    }

    /// What asks how probable tokens are; `/rerank` is another spelling of `/v1/rerank`.
    private mutating func addScores(_ context: RequestContext) {
        on(.post, "/v1/generative-scores", GenerativeScoresEndpoint(context: context, shape: .probabilities).respond)
        on(.post, "/generative_scoring", GenerativeScoresEndpoint(context: context, shape: .firstLabel).respond)
        on(.post, "/v1/rerank", RerankEndpoint(context: context).respond)
        on(.post, "/v2/rerank", RerankEndpoint(context: context).respond)
    }

    private mutating func addModel(_ context: RequestContext) {
        on(.get, "/v1/models", ModelsEndpoint(context: context).list)
        on(.get, "/v1/models/{id}", ModelsEndpoint(context: context).one)
        on(.post, "/tokenize", TokenizeEndpoint(context: context).tokenize)
        on(.post, "/detokenize", TokenizeEndpoint(context: context).detokenize)
    }

    private mutating func addOperations(_ context: RequestContext, _ sources: Sources) {
        on(.get, "/", IndexEndpoint(context: context, console: sources.console).respond)
        on(.get, "/console/{file}", ConsoleEndpoint(files: sources.console).respond)
        let health = HealthEndpoint(readiness: context.readiness) { context.backend()?.model }
        on(.get, "/livez", health.live)
        on(.get, "/readyz", health.ready)
        on(.get, "/health", health.ready)
        on(.get, "/metrics", MetricsEndpoint(exposition: sources.metrics).respond)
        on(.get, "/metrics/experts", MetricsEndpoint(exposition: sources.expertMetrics).respond)
        let expertLoad = sources.expertLoad
        on(.get, "/v1/experts") { _ throws(APIError) in
            guard let report = expertLoad() else { throw .notReady(context.readiness()) }
            return .json(report)
        }
        on(.get, "/openapi.yaml", DescriptionEndpoint(description: sources.description).respond)
        on(.get, "/version", VersionEndpoint(context: context).respond)
    }

    /// Adds a route; the one place where errors of endpoints become responses.
    private mutating func on(
        _ method: HTTPRequest.Method,
        _ template: String,
        _ respond: @escaping @Sendable (ServerRequest) async throws(APIError) -> ServerResponse
    ) {
        let shape = ErrorShape(path: template)
        let route = Route(method: method, template: template) { request in
            var response: ServerResponse
            do throws(APIError) {
                response = try await respond(request)
            } catch {
                response = error.response(in: shape)
                request.trace.set(.error, .string(error.code))
            }
            // What an answer says is true of one moment; RFC 9111 §4.2.2 lets caches keep even errors that do not say so.
            if response.fields[.cacheControl] == nil { response.fields[.cacheControl] = "no-store" }
            ServerTiming.add(request.trace, to: &response)
            IgnoredMembers.add(request.trace, to: &response)
            ClampedMembers.add(request.trace, to: &response)
            return response
        }
        routes.append(route)
    }
}
