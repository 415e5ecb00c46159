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

    /// Who is let in.
    private enum Door {
        case open
        /// What was accepted goes on to its end.
        case draining
        case closed
    }

    private struct State {
        var delivery = Delivery()
        /// Submitted and not yet taken from the queue by the engine, delivered ones included.
        var queued = 0
        var queuedTokens = 0
        /// Of requests being encoded or decoded.
        var runningTokens = 0
        var nextID: UInt64 = 0
        var door = Door.open
        var isEngineWaiting = false
        var rate = WorkRate()

        mutating func leave(_ submission: Submission) {
            queued -= 1
            queuedTokens -= submission.request.greatestTokens
        }
    }

    /// What clients are told before anything was measured.
    private static let unknownWait = Duration.seconds(1)

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let limits: EngineLimits

    init(limits: EngineLimits) {
        self.limits = limits
    }

    var queued: Int { state.withLock { $0.queued } }
    var queuedTokens: Int { state.withLock { $0.queuedTokens } }

    /// Whether a request of so many tokens could be queued now.
    ///
    /// - Parameter patience: how long it may take.
    func checkRoom(tokens: Int, patience: Duration?) throws(AdmissionError) {
        try state.withLock { state throws(AdmissionError) in
            guard state.door == .open else { throw .draining }
            try checkRoom(state, tokens: tokens, patience: patience)
        }
    }

    /// Queues a request under a new id, or says why not, at once.
    func submit(
        tokens: Int,
        patience: Duration?,
        as admittance: Admittance = .new,
        _ make: (_ id: UInt64) -> Submission
    ) throws(AdmissionError) -> UInt64 {
        let id = try state.withLock { state throws(AdmissionError) in
            let isLetIn = state.door == .open || (state.door == .draining && admittance == .continuing)
            guard isLetIn else { throw .draining }
            try checkRoom(state, tokens: tokens, patience: patience)
            state.nextID += 1
            state.queued += 1
            state.queuedTokens += tokens
            state.delivery.submissions.append(make(state.nextID))
            return state.nextID
        }
        wakeEngine()
        return id
    }

    private func checkRoom(_ state: State, tokens: Int, patience: Duration?) throws(AdmissionError) {
        let wait = state.rate.time(for: state.queuedTokens)
        // Room comes when what waits has gone in, or, where nothing may wait, when something that runs is done.
        let retryAfter = state.rate.time(for: max(state.queuedTokens, state.runningTokens / 2)) ?? Self.unknownWait
        guard state.queued < limits.maximumQueuedRequests else {
            throw .queueFull(.requests(limit: limits.maximumQueuedRequests), retryAfter: retryAfter)
        }
        // A request larger than the limit waits alone.
        guard state.queued == 0 || state.queuedTokens + tokens <= limits.maximumQueuedTokens else {
            throw .queueFull(.tokens(limit: limits.maximumQueuedTokens), retryAfter: retryAfter)
        }
        // What has no time left is told so by the engine: it is not the queue that takes it.
        if let wait, let patience, wait > max(patience, .zero) {
            throw .queueFull(.wait(expected: wait), retryAfter: retryAfter)
        }
    }

    func cancel(_ id: UInt64) {
        state.withLock { _ = $0.delivery.cancelled.insert(id) }
        wakeEngine()
    }

    /// Refuses new requests from now on; what was accepted goes on.
    func drain() {
        state.withLock { if $0.door == .open { $0.door = .draining } }
    }

    /// Refuses all requests and ends the engine, which fails what is left.
    func stop() {
        state.withLock {
            $0.door = .closed
            $0.delivery.isStopping = true
        }
        wakeEngine()
    }

    /// Refuses all requests from now on, for an engine that looks no more; returns those it has not seen.
    func close() -> [Submission] {
        state.withLock { state in
            state.door = .closed
            defer { state.delivery = Delivery() }
            return Array(state.delivery.submissions)
        }
    }

    /// The engine took requests from the queue to run them.
    func admitted(_ submissions: some Sequence<Submission>) {
        state.withLock { state in
            for submission in submissions {
                state.leave(submission)
                state.runningTokens += submission.request.greatestTokens
            }
        }
    }

    /// The engine took requests from the queue to drop them.
    func dropped(_ submissions: some Sequence<Submission>) {
        state.withLock { state in
            for submission in submissions { state.leave(submission) }
        }
    }

    /// Lets the advice to clients follow how fast requests are done.
    func worked(seconds: Double, finishedTokens: Int) {
        state.withLock { state in
            state.rate.measured(seconds: seconds, finishedTokens: finishedTokens)
            state.runningTokens -= finishedTokens
        }
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
        let left = (deadline - .now) / .microseconds(1)
        return wake.wait(timeout: .now() + .microseconds(max(0, Int(left.rounded(.up)))))
    }

    private func wakeEngine() {
        let isWaiting = state.withLock { state in
            defer { state.isEngineWaiting = false }
            return state.isEngineWaiting
        }
        if isWaiting { wake.signal() }
    }
}
