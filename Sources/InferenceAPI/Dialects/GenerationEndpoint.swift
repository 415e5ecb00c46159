import HTTPServing
import HTTPTypes

/// An endpoint that generates text, whole or streamed.
struct GenerationEndpoint<Dialect: StreamedDialect>: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (dialect, run) = try await context.startRun(request, as: Dialect.self)
        if case .stream = run.parameters.delivery {
            let stream = StreamedAnswer(run: run, events: dialect.events(of: run))
            return ServerResponse(
                status: .ok,
                fields: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"],
                body: .stream { try await stream.write(to: $0) }
            )
        }
        let (choices, usage) = try await run.choices()
        return .json(dialect.whole(choices, usage, of: run))
    }
}
