/// Decides when queued traces are sent.
///
/// Holds no timer and no queue: the shell asks, waits or sends, and says how it went.
struct ExportSchedule<C: Clock> where C.Duration == Duration {
    enum Action: Equatable {
        /// For something to be queued.
        case wait
        case waitUntil(C.Instant)
        case send(count: Int)
    }

    private let limits: ExportLimits
    private let clock: C
    /// When the oldest waiting trace was first seen.
    private var waitingSince: C.Instant?
    private var pausedUntil: C.Instant?
    private var failures = 0

    init(limits: ExportLimits, clock: C) {
        self.limits = limits
        self.clock = clock
    }

    /// - Parameter isClosing: nothing is waited for any more, not even the end of a pause.
    mutating func action(queued: Int, isClosing: Bool) -> Action {
        guard queued > 0 else {
            waitingSince = nil
            return .wait
        }
        let now = clock.now
        let count = min(queued, limits.batchRequests)
        if isClosing { return .send(count: count) }
        if let pausedUntil, pausedUntil > now { return .waitUntil(pausedUntil) }
        let due = (waitingSince ?? now).advanced(by: limits.interval)
        if waitingSince == nil { waitingSince = now }
        // After a failure the batch has waited long enough.
        return queued >= limits.batchRequests || due <= now || failures > 0 ? .send(count: count) : .waitUntil(due)
    }

    /// The collector took the batch, or will never take it.
    mutating func settled() {
        failures = 0
        waitingSince = nil
        pausedUntil = nil
    }

    /// The batch is to be sent again.
    ///
    /// - Parameters:
    ///   - retryAfter: what the collector asked for.
    ///   - jitter: 0 to 1; spreads the servers of a fleet over the second half of the pause.
    mutating func failed(retryAfter: Duration?, jitter: Double) {
        let doubled = limits.firstPause * (1 << min(failures, 16))
        let pause = min(doubled, limits.longestPause) * (0.5 + 0.5 * jitter)
        failures += 1
        pausedUntil = clock.now.advanced(by: max(pause, min(retryAfter ?? .zero, limits.longestRetryAfter)))
    }
}
