import Foundation

/// How often a waiting rank looks: MPI wakes nobody, and who looks all the time takes a processor.
package enum WaitPace: Equatable, Sendable {
    /// Lets others run, and looks at once.
    case yield
    /// Leaves the processor to others for so long.
    case sleep(Duration)

    /// As long as rows are computed elsewhere, no more than this is waited for them.
    package static let busy = Duration.milliseconds(1)
    /// From then on nobody is waiting for the next token.
    package static let idle = Duration.seconds(1)

    /// What comes before the next look of a rank that has waited so long.
    package static func pause(after waited: Duration) -> WaitPace {
        if waited < busy { return .yield }
        return .sleep(waited < idle ? .microseconds(250) : .microseconds(1500))
    }

    /// Does it.
    package func take() {
        switch self {
        case .yield: sched_yield()
        case .sleep(let duration): usleep(UInt32(duration / .microseconds(1)))
        }
    }
}
