package import Generation
import Telemetry

/// What the engine accepts and how much it runs at once; every limit has its default here.
package struct EngineLimits: Equatable, Sendable {
    /// Decoder rows (sequences and beams) stepped together.
    package var maximumRows = 64
    package var maximumQueuedRequests = 256
    /// Encoder rows one engine iteration computes while sequences are decoding.
    package var maximumBatchTokens = 2048
    package var maximumInputTokens = 4096
    package var maximumOutputTokens = 512

    package init() {}
}

/// Accepts requests and answers each with a stream of events.
package protocol GenerationEngine: Sendable {
    var limits: EngineLimits { get }

    /// Queues a request without waiting.
    ///
    /// - Parameter deadline: the request fails with `.deadline` when it is not done by then.
    func submit(
        _ request: GenerationRequest,
        deadline: ContinuousClock.Instant?
    ) throws(AdmissionError) -> GenerationTicket
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
    case queueFull(limit: Int, retryAfterSeconds: Int)
    case draining
    case promptTooLong(tokens: Int, limit: Int)
    case tooManyRows(rows: Int, limit: Int)
    /// The caches the request could fill are larger than all memory set aside for caches.
    case cacheTooLarge(bytes: Int, limit: Int)
}
