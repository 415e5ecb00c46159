import HTTPServing
import JSON
import Telemetry

/// Sends a completion as server-sent events.
struct CompletionStream: Sendable {
    let run: CompletionRun
    let includesUsage: Bool

    /// Writes chunks as they become certain, then `[DONE]`.
    ///
    /// An error on the way becomes an event of its own.
    ///
    /// - Throws: when the client has gone.
    func write(to writer: ResponseWriter) async throws {
        do {
            let usage = try await run.forEachPart { part in
                try await send(chunk([part], usage: includesUsage ? .null : .absent), to: writer)
            }
            if includesUsage { try await send(chunk([], usage: .counted(usage)), to: writer) }
        } catch let error as APIError {
            run.trace.set(.error, .string(error.code))
            try await send(error.object, to: writer)
        }
        try await writer.write(Array("data: [DONE]\n\n".utf8))
    }

    private func chunk(_ choices: [CompletionChoice], usage: UsageMember) -> CompletionObject {
        CompletionObject(
            id: run.identity.id,
            created: run.identity.created,
            model: run.model.id,
            systemFingerprint: run.model.systemFingerprint,
            choices: choices,
            usage: usage
        )
    }

    private func send(_ value: some Encodable, to writer: ResponseWriter) async throws {
        try await writer.write(Array("data: ".utf8) + JSONText.bytes(value) + Array("\n\n".utf8))
    }
}
