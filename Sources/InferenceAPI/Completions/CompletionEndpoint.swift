import Batching
import HTTPServing
import HTTPTypes
import Telemetry

/// `POST /v1/completions`.
struct CompletionEndpoint: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let run = try await context.startRun(request, for: .completions, idPrefix: "cmpl")
        if case .stream(let includesUsage) = run.parameters.delivery {
            let stream = CompletionStream(run: run, includesUsage: includesUsage)
            return ServerResponse(
                status: .ok,
                fields: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"],
                body: .stream { try await stream.write(to: $0) }
            )
        }
        let (choices, usage) = try await run.choices()
        return .json(
            CompletionObject(
                id: run.identity.id,
                created: run.identity.created,
                model: run.model.id,
                systemFingerprint: run.model.systemFingerprint,
                choices: choices,
                usage: .counted(usage)
            )
        )
    }
}

extension RequestContext {
    /// Reads, validates and submits a request that generates text; one that is refused unseen by the engine is counted.
    func startRun(
        _ request: ServerRequest,
        for endpoint: CompletionReader.Endpoint,
        idPrefix: String
    ) async throws(APIError) -> CompletionRun {
        do throws(APIError) {
            return try await submit(request, for: endpoint, idPrefix: idPrefix)
        } catch {
            if let reason = error.rejection { rejections?.count(reason) }
            throw error
        }
    }

    private func submit(
        _ request: ServerRequest,
        for endpoint: CompletionReader.Endpoint,
        idPrefix: String
    ) async throws(APIError) -> CompletionRun {
        let backend = try loadedBackend()
        do {
            try backend.engine.checkRoom()
        } catch {
            throw .admission(error, rowsParameter: "n")
        }
        let configuration = configuration
        let (parameters, unknown, tokenization) = try await read(request) { members throws(APIError) in
            var reader = CompletionReader(members, for: endpoint, backend: backend, configuration: configuration)
            return (try reader.parameters(), reader.unknownNames, reader.tokenization)
        }
        try note(unknown: unknown, of: request)
        if let tokenization { request.trace.add(tokenization) }
        let identity = identity(idPrefix)
        request.trace.note(parameters, model: backend.model, identity: identity)
        let permit = try request.principal.flatMap { name throws(APIError) in
            try keys?.begin(name, tokens: parameters.greatestTokens)
        }
        let submitted = ContinuousClock.now
        let submission = try Submission.submit(parameters, to: backend.engine)
        return CompletionRun(
            identity: identity,
            model: backend.model,
            parameters: parameters,
            submission: submission,
            submitted: submitted,
            permit: permit,
            entry: running.enter(submission, names: [identity.id, request.id], owner: request.principal),
            trace: request.trace
        )
    }
}

extension APIError {
    /// What a request is counted as that the engine never saw; nil for what the engine counts, or what was wrong itself.
    fileprivate var rejection: AdmissionRejections.Reason? {
        switch self {
        case .notReady(.draining): .draining
        case .notReady: .loading
        case .rateLimited: .rateLimit
        default: nil
        }
    }
}
