/// Decides when a client has been waited for long enough.
///
/// Holds no timer and acts on nothing: the shell asks `isExpired` now and then.
struct ConnectionDeadline<C: Clock> where C.Duration == Duration {
    /// What the connection is waiting for.
    enum Phase: Equatable, Sendable {
        /// Before the first byte, while the two sides agree on how to encrypt.
        case handshake
        case idle
        case head
        case body
        /// A handler is working; its own deadlines apply.
        case handling
        case writing
        case lingering
    }

    private let clock: C
    private let timeouts: HTTPTimeouts
    private(set) var phase = Phase.head
    private var deadline: C.Instant?
    private var began: C.Instant

    init(timeouts: HTTPTimeouts, clock: C) {
        self.clock = clock
        self.timeouts = timeouts
        began = clock.now
        deadline = began.advanced(by: timeouts.head)
    }

    var isExpired: Bool { deadline.map { clock.now >= $0 } ?? false }

    /// Since when the client has owed a request, the rest of one or its close; nil while the server owes something.
    var owedSince: C.Instant? {
        switch phase {
        case .handshake, .idle, .head, .body, .lingering: began
        case .handling, .writing: nil
        }
    }

    mutating func begin(_ phase: Phase) {
        self.phase = phase
        began = clock.now
        let timeout: Duration? =
            switch phase {
            case .handshake: timeouts.handshake
            case .idle: timeouts.idle
            case .head: timeouts.head
            case .body: timeouts.body
            case .handling: nil
            case .writing: timeouts.writeStall
            case .lingering: min(timeouts.linger, timeouts.longestLinger)
            }
        deadline = timeout.map { began.advanced(by: $0) }
    }

    /// Bytes arrived: a body earns time by its size, a client that lingers by not being silent; all else has a fixed end.
    mutating func received(bytes: Int) {
        switch phase {
        case .body:
            let earned = Duration.seconds(Double(bytes) / Double(max(1, timeouts.bodyBytesPerSecond)))
            deadline = deadline?.advanced(by: earned)
        case .lingering:
            let last = began.advanced(by: timeouts.longestLinger)
            deadline = min(clock.now.advanced(by: timeouts.linger), last)
        case .handshake, .idle, .head, .handling, .writing: return
        }
    }
}
