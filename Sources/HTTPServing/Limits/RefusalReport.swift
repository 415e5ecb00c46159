/// Decides when the log says that connections were refused: at once, and then at most once in an interval.
///
/// Holds no timer and writes nothing: the shell asks now and then.
struct RefusalReport<C: Clock>: Sendable where C.Duration == Duration {
    private let interval: Duration
    private let clock: C
    /// Refused and not yet reported.
    private var count = 0
    /// nil before the first report.
    private var reported: C.Instant?

    init(interval: Duration, clock: C) {
        self.interval = interval
        self.clock = clock
    }

    /// A connection was refused.
    mutating func refused() { count += 1 }

    /// How many were refused since the last report, when another is due; nil when none is.
    mutating func due() -> Int? {
        let now = clock.now
        if let reported, now < reported.advanced(by: interval) { return nil }
        guard count > 0 else { return nil }
        defer { count = 0 }
        reported = now
        return count
    }
}
