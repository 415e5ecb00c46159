import Batching
import HTTPServing
import Telemetry

extension RequestContext {
    /// Reads, validates and submits a request that generates text; one that is refused unseen by the engine is counted.
    func startRun<Dialect: GenerationDialect>(
        _ request: ServerRequest,
        as dialect: Dialect.Type
    ) async throws(APIError) -> (Dialect, CompletionRun) {
        do throws(APIError) {
            return try await submit(request, as: dialect)
        } catch {
            if let reason = error.rejection { rejections?.count(reason) }
            throw error
        }
    }

    private func submit<Dialect: GenerationDialect>(
        _ request: ServerRequest,
        as dialect: Dialect.Type
    ) async throws(APIError) -> (Dialect, CompletionRun) {
        let backend = try loadedBackend()
        guard Dialect.endpoint == .embeddings || backend.model.architecture != .encoder else {
            throw .generatesNothing(model: backend.model.id)
        }
        do {
            try backend.engine.checkRoom()
        } catch {
            throw .admission(error, rowsParameter: "n")
        }
        let setting = DialectSetting(
            model: backend.model,
            configuration: configuration,
            maximumInputTokens: backend.engine.limits.maximumInputTokens
        )
        let (asked, parameters, notes) = try await read(request, Dialect.body) { members throws(APIError) in
            let asked = try Dialect(members, setting)
            var reader = CompletionReader(asked.plain, for: Dialect.endpoint, backend, setting.configuration)
            return (asked, try reader.parameters(), reader.notes)
        }
        try note(notes, of: request)
        let identity = identity(Dialect.idPrefix)
        request.trace.note(parameters, model: backend.model, identity: identity, operation: Dialect.operation)
        let permit = try request.principal.flatMap { name throws(APIError) in
            try keys?.begin(name, tokens: parameters.greatestTokens)
        }
        let submitted = ContinuousClock.now
        let submission: Submission
        do throws(APIError) {
            submission = try Submission.submit(parameters, to: backend.engine)
        } catch {
            throw error.worded(by: asked.plain.names)
        }
        let run = CompletionRun(
            identity: identity,
            model: backend.model,
            parameters: parameters,
            submission: submission,
            submitted: submitted,
            permit: permit,
            entry: running.enter(submission, names: [identity.id, request.id], owner: request.principal),
            trace: request.trace
        )
        return (asked, run)
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
