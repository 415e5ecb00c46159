import DequeModule
import Foundation
import Generation
import Synchronization

/// What other threads tell the engine thread: new requests, cancellations, drain and stop.
///
/// Bounded.
final class Inbox: Sendable {
    /// Everything said since the engine last looked.
    struct Delivery {
        var submissions: Deque<Submission> = []
        var cancelled: Set<UInt64> = []
        var isStopping = false
    }

    private struct State {
        var delivery = Delivery()
        /// Submitted and not yet taken from the queue by the engine, delivered ones included.
        var queued = 0
        var nextID: UInt64 = 0
        var isDraining = false
        var isEngineWaiting = false
        var secondsPerRequest = 1.0
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let limits: EngineLimits

    init(limits: EngineLimits) {
        self.limits = limits
    }

    var queued: Int { state.withLock { $0.queued } }

    /// Queues a request under a new id, or says why not, at once.
    func submit(_ make: (_ id: UInt64) -> Submission) throws(AdmissionError) -> UInt64 {
        let id = try state.withLock { state throws(AdmissionError) in
            guard !state.isDraining else { throw .draining }
            guard state.queued < limits.maximumQueuedRequests else {
                let wait = state.secondsPerRequest * Double(state.queued) / Double(limits.maximumRows)
                throw .queueFull(
                    limit: limits.maximumQueuedRequests,
                    retryAfterSeconds: max(1, Int(wait.rounded(.up)))
                )
            }
            state.nextID += 1
            state.queued += 1
            state.delivery.submissions.append(make(state.nextID))
            return state.nextID
        }
        wakeEngine()
        return id
    }

    func cancel(_ id: UInt64) {
        state.withLock { _ = $0.delivery.cancelled.insert(id) }
        wakeEngine()
    }

    /// Refuses new requests from now on.
    func drain() {
        state.withLock { $0.isDraining = true }
    }

    /// Refuses new requests and ends the engine, which fails what is left.
    func stop() {
        state.withLock {
            $0.isDraining = true
            $0.delivery.isStopping = true
        }
        wakeEngine()
    }

    /// The engine took `count` requests from the queue, to run them or to drop them.
    func left(queue count: Int) {
        state.withLock { $0.queued -= count }
    }

    /// Lets the advice to clients follow how long requests take.
    func finished(afterSeconds seconds: Double) {
        state.withLock { $0.secondsPerRequest += (seconds - $0.secondsPerRequest) / 16 }
    }

    /// Takes what was said; when there is nothing and the engine is idle, sleeps until there is or `deadline` passes.
    func collect(isIdle: Bool, until deadline: ContinuousClock.Instant?) -> Delivery {
        while true {
            let delivery: Delivery? = state.withLock { state in
                let hasNews =
                    !state.delivery.submissions.isEmpty || !state.delivery.cancelled.isEmpty
                    || state.delivery.isStopping
                guard hasNews || !isIdle else {
                    state.isEngineWaiting = true
                    return nil
                }
                defer {
                    state.delivery.submissions = []
                    state.delivery.cancelled = []
                }
                return state.delivery
            }
            if let delivery { return delivery }
            if wait(until: deadline) == .timedOut { return Delivery() }
        }
    }

    private func wait(until deadline: ContinuousClock.Instant?) -> DispatchTimeoutResult {
        guard let deadline else {
            wake.wait()
            return .success
        }
        let left = (deadline - .now) / .milliseconds(1)
        return wake.wait(timeout: .now() + .milliseconds(max(0, Int(left.rounded(.up)))))
    }

    private func wakeEngine() {
        let isWaiting = state.withLock { state in
            defer { state.isEngineWaiting = false }
            return state.isEngineWaiting
        }
        if isWaiting { wake.signal() }
    }
}
