import HTTPServing
import Telemetry

/// Sends an answer as server-sent events.
struct StreamedAnswer<Events: AnswerEvents>: Sendable {
    let run: CompletionRun
    let events: Events

    /// Writes events as they become certain, each by itself.
    ///
    /// An error on the way becomes events of its own.
    ///
    /// - Throws: when the client has gone.
    func write(to writer: ResponseWriter) async throws {
        var events = events
        do {
            try await send(events.begin(), to: writer)
            let usage = try await run.forEachPart(
                { part, usage in try await send(events.part(part, usage), to: writer) },
                takeStep: { try await send(events.step($0), to: writer) }
            )
            try await send(events.end(usage), to: writer)
        } catch let error as APIError {
            run.trace.set(.error, .string(error.code))
            try await send(events.failure(error), to: writer)
        }
    }

    private func send(_ events: [ServerSentEvent], to writer: ResponseWriter) async throws {
        for event in events { try await writer.write(event.bytes) }
    }
}
