import Batching
import Generation
import Synchronization

/// The prompts of one HTTP request inside the engine.
///
/// When it goes away, so does their work.
final class Submission: Sendable {
    private let tickets: [GenerationTicket]
    /// Tickets whose events have not ended.
    private let openTickets: Mutex<Int>

    private init(_ tickets: [GenerationTicket]) {
        self.tickets = tickets
        openTickets = Mutex(tickets.count)
    }

    deinit {
        cancel()
    }

    /// Queues every prompt, or none: when one is refused, those before it are cancelled.
    static func submit(
        _ parameters: CompletionParameters,
        to engine: any GenerationEngine
    ) throws(APIError) -> Submission {
        let deadline = ContinuousClock.now + parameters.timeout
        var tickets: [GenerationTicket] = []
        for prompt in parameters.prompts {
            do {
                tickets.append(try engine.submit(parameters.request(for: prompt), deadline: deadline))
            } catch {
                for ticket in tickets { ticket.cancel() }
                throw .admission(error, rowsParameter: parameters.rowsParameter)
            }
        }
        return Submission(tickets)
    }

    /// Stops whatever is not over yet.
    func cancel() {
        for ticket in tickets { ticket.cancel() }
    }

    /// Calls `body` with the events of all prompts as they come, each with its prompt's number.
    ///
    /// Returns early when the task is cancelled. When `body` throws, all prompts are cancelled.
    func forEachEvent(_ body: (Int, GenerationEvent) async throws -> Void) async throws {
        defer { cancel() }
        if tickets.count == 1 {
            for await event in tickets[0].events { try await body(0, event) }
            return
        }
        let (merged, continuation) = AsyncStream.makeStream(of: (prompt: Int, event: GenerationEvent).self)
        try await withThrowingTaskGroup { group in
            for (prompt, ticket) in tickets.enumerated() {
                group.addTask {
                    for await event in ticket.events { continuation.yield((prompt, event)) }
                    if self.closeTicket() { continuation.finish() }
                }
            }
            for await (prompt, event) in merged { try await body(prompt, event) }
        }
    }

    /// True for the last one.
    private func closeTicket() -> Bool {
        openTickets.withLock { count in
            count -= 1
            return count == 0
        }
    }
}
