package import Generation

/// Accepts requests and answers each with a stream of events; called on any thread.
package protocol GenerationEngine: Sendable {
    /// The same for as long as the engine lives, so that a request can be held against them while it is read.
    var limits: EngineLimits { get }

    /// Whether another request could be queued now, so that one that could not need not be read.
    ///
    /// - Throws: `.queueFull` or `.draining`.
    func checkRoom() throws(AdmissionError)

    /// Queues a request without waiting.
    ///
    /// - Parameters:
    ///   - deadline: the request fails with `.deadline` when it is not done by then; it is refused at once when the queue
    ///     is expected to take longer.
    ///   - admittance: whether an engine that drains takes it.
    ///
    /// - Throws: why it is refused: no room, draining, or larger than any request may be.
    func submit(
        _ request: GenerationRequest,
        deadline: ContinuousClock.Instant?,
        as admittance: Admittance
    ) throws(AdmissionError) -> GenerationTicket
}

extension GenerationEngine {
    /// Queues a request that begins something.
    package func submit(
        _ request: GenerationRequest,
        deadline: ContinuousClock.Instant?
    ) throws(AdmissionError) -> GenerationTicket {
        try submit(request, deadline: deadline, as: .new)
    }
}

/// A request that was accepted.
package struct GenerationTicket: Sendable {
    /// Ends after `.completed` or `.failed`.
    ///
    /// Holds at most the request's own output.
    package let events: AsyncStream<GenerationEvent>
    private let onCancel: @Sendable () -> Void

    package init(events: AsyncStream<GenerationEvent>, onCancel: @escaping @Sendable () -> Void) {
        self.events = events
        self.onCancel = onCancel
    }

    /// Stops the request before the next step, queued or running.
    ///
    /// Harmless when it is over.
    package func cancel() { onCancel() }
}

/// Why a request was not accepted.
package enum AdmissionError: Error, Equatable, Sendable {
    case queueFull(QueueBound, retryAfter: Duration)
    case draining
    case promptTooLong(tokens: Int, limit: Int)
    case tooManyRows(rows: Int, limit: Int)
    /// The labels and continuations after one prompt come to more tokens than one request may have scored.
    case tooManyScored(tokens: Int, limit: Int)
    /// The caches the request could fill are larger than all memory set aside for caches.
    case cacheTooLarge(bytes: Int, limit: Int)
}
