import Synchronization

/// How long one rank waits for another.
package struct RankPatience: Sendable {
    /// nil for ever.
    package var timeout: Duration?
    /// What ends a long wait early.
    package var interruption: Interruption?

    /// How long a wait may be although this process was told to end: what a rank that is well needs.
    package static let grace = Duration.milliseconds(250)

    package init(timeout: Duration?, interruption: Interruption? = nil) {
        (self.timeout, self.interruption) = (timeout, interruption)
    }

    /// What a wait that has taken so long ends with; nil to go on.
    package func error(waitingFor rank: Int, since waited: Duration) -> RanksError? {
        if let timeout, waited >= timeout { return .silent(rank: rank, seconds: timeout / .seconds(1)) }
        if let interruption, interruption.isRaised, waited >= Self.grace { return .interrupted(rank: rank) }
        return nil
    }

    /// Raised once, on any thread.
    package final class Interruption: Sendable {
        private let flag = Atomic(false)

        package init() {}

        /// Ends all waits that are longer than what a rank that is well needs.
        package func raise() { flag.store(true, ordering: .releasing) }

        package var isRaised: Bool { flag.load(ordering: .acquiring) }
    }
}
