import Foundation
package import Logging
package import Telemetry

/// Sends the traces of finished requests to an OTLP collector, in batches, from a thread of its own.
///
/// Requests never wait for it: what finds the queue full is dropped and counted. While the collector is away the queue
/// is kept and tried again, ever less often.
///
/// Sendable by proof: `queue`, `isClosing` and `hasEnded` are touched only under the lock of `condition`; all else that
/// changes belongs to the thread.
package final class TraceExporter: RequestObserver, @unchecked Sendable {
    /// The collector, what every request to it carries, and who it is told the traces come from.
    package struct Destination: Sendable {
        package var endpoint: CollectorEndpoint
        package var headers: [CollectorHeader]
        package var resource: TraceResource

        package init(endpoint: CollectorEndpoint, headers: [CollectorHeader], resource: TraceResource) {
            self.endpoint = endpoint
            self.headers = headers
            self.resource = resource
        }
    }

    private let limits: ExportLimits
    private let sampling: SamplingRule
    private let quietRoutes: Set<String>
    private let metrics: ExportMetrics
    private let logger: Logger
    private let condition = NSCondition()
    private var queue: [RequestRecord] = []
    private var isClosing = false
    private var hasEnded = false

    /// - Parameter quietRoutes: templates of routes that are not traced, such as probes.
    package init(
        to destination: Destination,
        sampling: SamplingRule,
        quietRoutes: Set<String>,
        limits: ExportLimits = ExportLimits(),
        metrics: ExportMetrics,
        logger: Logger
    ) {
        self.limits = limits
        self.sampling = sampling
        self.quietRoutes = quietRoutes
        self.metrics = metrics
        self.logger = logger
        let thread = Thread { [self] in run(destination) }
        thread.name = "switchyard-traces"
        thread.stackSize = 1 << 20
        thread.start()
    }

    package func wants(route: String?) -> Bool { route.map { !quietRoutes.contains($0) } ?? true }

    package func finished(_ record: RequestRecord) {
        guard sampling.takes(record.trace) else { return }
        condition.lock()
        defer { condition.unlock() }
        guard !isClosing, queue.count < limits.queuedRequests else {
            return metrics.lost(1, isClosing ? .shutdown : .queueFull)
        }
        queue.append(record)
        if queue.count == 1 || queue.count == limits.batchRequests { condition.broadcast() }
    }

    /// Sends what is queued, at most for `limit`; traces of later requests are dropped.
    package func shutDown(within limit: Duration) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.close(before: Date(timeIntervalSinceNow: limit / .seconds(1)))
                continuation.resume()
            }
        }
    }

    private func close(before deadline: Date) {
        condition.lock()
        defer { condition.unlock() }
        isClosing = true
        condition.broadcast()
        while !hasEnded { guard condition.wait(until: deadline) else { return } }
    }

    // The thread.

    private func run(_ destination: Destination) {
        let client = CollectorClient(endpoint: destination.endpoint, headers: destination.headers, limits: limits)
        var schedule = ExportSchedule(limits: limits, clock: ContinuousClock())
        var isDown = false
        while let batch = nextBatch(&schedule) {
            let (verdict, failure) = send(batch, by: client, as: destination.resource)
            if let failure, !isDown { logger.warning("traces are not exported: \(failure)") }
            if failure == nil, isDown { logger.info("traces are exported again") }
            isDown = failure != nil
            settle(batch, verdict, &schedule)
        }
    }

    private func send(
        _ batch: [RequestRecord],
        by client: CollectorClient,
        as resource: TraceResource
    ) -> (ExportVerdict, ExportError?) {
        do throws(ExportError) {
            let response = try client.post(OTLPDocument(batch, resource: resource).encoded())
            let verdict = response.verdict
            if let complaint = response.complaint { logger.warning("the collector took traces in part: \(complaint)") }
            return (verdict, verdict == .accepted ? nil : .refused(status: response.status))
        } catch {
            return (.tryAgain(after: nil), error)
        }
    }

    /// Waits for traces that are to be sent now, and leaves them queued; nil when it is time to end.
    private func nextBatch(_ schedule: inout ExportSchedule<ContinuousClock>) -> [RequestRecord]? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            switch schedule.action(queued: queue.count, isClosing: isClosing) {
            case .send(let count): return Array(queue.prefix(count))
            case .wait:
                guard !isClosing else {
                    hasEnded = true
                    condition.broadcast()
                    return nil
                }
                condition.wait()
            case .waitUntil(let instant):
                _ = condition.wait(until: Date(timeIntervalSinceNow: (instant - .now) / .seconds(1)))
            }
        }
    }

    private func settle(
        _ batch: [RequestRecord],
        _ verdict: ExportVerdict,
        _ schedule: inout ExportSchedule<ContinuousClock>
    ) {
        condition.lock()
        defer { condition.unlock() }
        if verdict != .accepted { metrics.failures.increment() }
        switch verdict {
        case .accepted: metrics.exported.increment(by: UInt64(batch.count))
        case .refused: metrics.lost(batch.count, .refused)
        case .tryAgain(let pause):
            guard isClosing else { return schedule.failed(retryAfter: pause, jitter: .random(in: 0...1)) }
            // There is no later.
            metrics.lost(queue.count, .shutdown)
            queue = []
            return
        }
        queue.removeFirst(batch.count)
        schedule.settled()
    }
}
