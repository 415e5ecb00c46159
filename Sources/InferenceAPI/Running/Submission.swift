import Batching
import Generation
import Synchronization

/// The prompts of one HTTP request inside the engine.
///
/// When it goes away, so does their work. Of a request whose prompts are parts of one text the engine has some at once;
/// each that is over makes room for the next.
final class Submission: Sendable {
    private struct State {
        var tickets: [GenerationTicket] = []
        /// The first prompt that the engine does not have yet.
        var next = 0
        var isCancelled = false
        /// Lanes whose events have not ended.
        var openLanes = 0
    }

    /// The longest wait until a full queue is asked again.
    private static let longestWait = Duration.seconds(1)

    private let parameters: CompletionParameters
    private let engine: any GenerationEngine
    private let deadline: ContinuousClock.Instant
    private let state = Mutex(State())

    private init(_ parameters: CompletionParameters, _ engine: any GenerationEngine) {
        (self.parameters, self.engine) = (parameters, engine)
        deadline = ContinuousClock.now + parameters.timeout
    }

    deinit {
        cancel()
    }

    /// Queues every prompt, or none: when one is refused, those before it are cancelled.
    ///
    /// Of prompts that need not be there at once, those that find no room wait for the others.
    static func submit(
        _ parameters: CompletionParameters,
        to engine: any GenerationEngine
    ) throws(APIError) -> Submission {
        let submission = Submission(parameters, engine)
        let count = min(parameters.promptsAtOnce ?? .max, parameters.prompts.count)
        var tickets: [GenerationTicket] = []
        for prompt in parameters.prompts.prefix(count) {
            do {
                tickets.append(try engine.submit(parameters.request(for: prompt), deadline: submission.deadline))
            } catch {
                if case .queueFull = error, parameters.promptsAtOnce != nil, !tickets.isEmpty { break }
                for ticket in tickets { ticket.cancel() }
                throw .admission(error, rowsParameter: parameters.rowsParameter)
            }
        }
        submission.state.withLock { state in
            (state.tickets, state.next, state.openLanes) = (tickets, tickets.count, tickets.count)
        }
        return submission
    }

    /// Stops whatever is not over yet.
    func cancel() {
        let tickets = state.withLock { state in
            state.isCancelled = true
            return state.tickets
        }
        for ticket in tickets { ticket.cancel() }
    }

    /// Calls `body` with the events of all prompts as they come, each with its prompt's number.
    ///
    /// Returns early when the task is cancelled. When `body` throws, all prompts are cancelled.
    ///
    /// - Throws: what `body` throws, and `APIError` when the engine takes no more of the prompts.
    func forEachEvent(_ body: (Int, GenerationEvent) async throws -> Void) async throws {
        defer { cancel() }
        let tickets = state.withLock { $0.tickets }
        guard parameters.prompts.count > 1 else {
            for ticket in tickets {
                for await event in ticket.events { try await body(0, event) }
            }
            return
        }
        let (merged, continuation) = AsyncThrowingStream.makeStream(of: (prompt: Int, event: GenerationEvent).self)
        try await withThrowingTaskGroup { group in
            for (prompt, ticket) in tickets.enumerated() {
                group.addTask { await self.run(prompt, ticket, into: continuation) }
            }
            for try await (prompt, event) in merged { try await body(prompt, event) }
        }
    }

    private typealias Events = AsyncThrowingStream<(prompt: Int, event: GenerationEvent), any Error>

    /// One prompt after the other, until none is left.
    private func run(_ prompt: Int, _ ticket: GenerationTicket, into events: Events.Continuation) async {
        var current: (prompt: Int, ticket: GenerationTicket)? = (prompt, ticket)
        while let (prompt, ticket) = current {
            for await event in ticket.events { events.yield((prompt, event)) }
            do throws(APIError) {
                current = try await next()
            } catch {
                events.finish(throwing: error)
                return
            }
        }
        if closeLane() { events.finish() }
    }

    /// Gives the engine the next prompt; nil when there is none, or nobody waits for it.
    private func next() async throws(APIError) -> (prompt: Int, ticket: GenerationTicket)? {
        let number: Int? = state.withLock { state in
            guard !state.isCancelled, state.next < parameters.prompts.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
        guard let number else { return nil }
        let request = parameters.request(for: parameters.prompts[number])
        while !Task.isCancelled {
            do throws(AdmissionError) {
                let ticket = try engine.submit(request, deadline: deadline, as: .continuing)
                let isCancelled = state.withLock { state in
                    state.tickets.append(ticket)
                    return state.isCancelled
                }
                if isCancelled { ticket.cancel() }
                return (number, ticket)
            } catch {
                guard case .queueFull(_, let wait) = error else {
                    if error == .draining { throw .generation(.shuttingDown) }
                    throw .admission(error, rowsParameter: parameters.rowsParameter)
                }
                guard ContinuousClock.now < deadline else { throw .generation(.deadline) }
                try? await Task.sleep(for: min(wait, Self.longestWait))
            }
        }
        return nil
    }

    /// True for the last one.
    private func closeLane() -> Bool {
        state.withLock { state in
            state.openLanes -= 1
            return state.openLanes == 0
        }
    }
}
