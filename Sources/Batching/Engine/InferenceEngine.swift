import Foundation
package import Generation
package import Telemetry

/// The thread that owns the model and every cache, and the door to it.
///
/// Requests join and leave between steps. Each turn of its loop takes what the inbox holds, drops what was cancelled or
/// is late, admits what fits, runs a bounded slice of encoding, then one decoder step for every running row.
package final class InferenceEngine: GenerationEngine {
    package let limits: EngineLimits
    private let inbox: Inbox
    private let metrics: EngineMetrics
    private let cacheBytesPerPosition: Int
    private let cacheBlockPositions: Int
    private let ended = DispatchSemaphore(value: 0)

    /// Hands the model to a new thread and starts it.
    ///
    /// - Parameters:
    ///   - registry: where the engine's metrics appear.
    ///   - load: where the load of every expert is counted.
    ///   - onFault: called on the engine's thread when the model can no more and every request was told; with the reason.
    package init<Model: StepModel & SendableMetatype>(
        _ model: sending Model,
        limits: EngineLimits,
        registry: MetricsRegistry,
        load: ExpertLoad,
        onFault: @escaping @Sendable (_ reason: String) -> Void = { _ in }
    ) {
        self.limits = limits
        cacheBytesPerPosition = model.cacheBytesPerPosition
        cacheBlockPositions = model.cacheBlockPositions
        let inbox = Inbox(limits: limits)
        let metrics = EngineMetrics(registry)
        self.inbox = inbox
        self.metrics = metrics
        registry.gauge("switchyard_requests_waiting", "Accepted requests not yet encoded.") { Double(inbox.queued) }
        registry.gauge("switchyard_queue_capacity", "Requests the queue holds.") {
            Double(limits.maximumQueuedRequests)
        }
        registry.gauge("switchyard_tokens_waiting", "Tokens that accepted requests not yet encoded could come to.") {
            Double(inbox.queuedTokens)
        }
        registry.gauge("switchyard_kv_cache_capacity_bytes", "Bytes that keys and values may come to.") {
            Double(limits.maximumCacheBytes)
        }
        let handover = Handover(model: model)
        let thread = Thread { [ended] in
            defer { ended.signal() }
            var loop = EngineLoop(
                model: handover.model,
                inbox: inbox,
                limits: limits,
                metrics: metrics,
                routing: RoutingReporter(load)
            )
            if let fault = loop.run() { onFault(fault) }
        }
        thread.name = "switchyard-engine"
        thread.stackSize = 8 << 20
        thread.start()
    }

    package func checkRoom() throws(AdmissionError) {
        do {
            try inbox.checkRoom(tokens: 0, patience: nil)
        } catch {
            metrics.rejections.count(error.rejection)
            throw error
        }
    }

    package func submit(
        _ request: GenerationRequest,
        deadline: ContinuousClock.Instant?,
        as admittance: Admittance
    ) throws(AdmissionError) -> GenerationTicket {
        do {
            return try admit(request, deadline: deadline, as: admittance)
        } catch {
            metrics.rejections.count(error.rejection)
            throw error
        }
    }

    /// Refuses new requests from now on; accepted ones go on, with the parts of them that are still to come.
    package func drain() { inbox.drain() }

    /// Ends the thread; requests that are left fail with `.shuttingDown`.
    package func stop() { inbox.stop() }

    /// Waits for the thread to end; false when it has not by then.
    package func waitForEnd(atMost patience: Duration) -> Bool {
        ended.wait(timeout: .now() + patience / .seconds(1)) == .success
    }

    private func cacheBytes(of request: GenerationRequest) -> Int {
        if !request.needsDecoder { return 0 }
        func blocks(_ positions: Int) -> Int { (positions + cacheBlockPositions - 1) / cacheBlockPositions }
        let count = blocks(request.prompt.count) + blocks(request.cachedPositions)
        return count * cacheBlockPositions * cacheBytesPerPosition
    }

    private func admit(
        _ request: GenerationRequest,
        deadline: ContinuousClock.Instant?,
        as admittance: Admittance
    ) throws(AdmissionError) -> GenerationTicket {
        guard request.promptTokens <= limits.maximumInputTokens else {
            throw .promptTooLong(tokens: request.promptTokens, limit: limits.maximumInputTokens)
        }
        guard request.rows <= limits.maximumRows else {
            throw .tooManyRows(rows: request.rows, limit: limits.maximumRows)
        }
        if case .scoring(let scored) = request.strategy {
            guard scored.told <= limits.maximumScoredTokens else {
                throw .tooManyScored(tokens: scored.told, limit: limits.maximumScoredTokens)
            }
        }
        let bytes = cacheBytes(of: request)
        guard bytes <= limits.maximumCacheBytes else {
            throw .cacheTooLarge(bytes: bytes, limit: limits.maximumCacheBytes)
        }
        // Unbounded in name only: a request yields at most its own maximum of tokens, and of steps with the candidates of its
        // rows.
        let (events, answer) = AsyncStream.makeStream(of: GenerationEvent.self)
        let patience = deadline.map { $0 - .now }
        let id = try inbox.submit(tokens: request.greatestTokens, patience: patience, as: admittance) { id in
            Submission(
                id: id,
                request: request,
                cacheBytes: bytes,
                deadline: deadline,
                submitted: .now,
                answer: answer
            )
        }
        return GenerationTicket(events: events) { [inbox] in inbox.cancel(id) }
    }
}

/// Carries a model to the engine thread.
///
/// `@unchecked Sendable`: whoever makes one gives the model up (`sending`), and the engine thread alone reads it.
private struct Handover<Model>: @unchecked Sendable {
    let model: Model
}
