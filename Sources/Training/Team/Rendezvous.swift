import Foundation

/// Where the threads of one rank meet: the last to come does something, and all go on.
///
/// `@unchecked Sendable`: the condition's lock guards what changes.
final class Rendezvous: @unchecked Sendable {
    private let condition = NSCondition()
    private let count: Int
    private var arrived = 0
    private var turn = 0

    /// - Parameter count: threads that come each time.
    init(count: Int) { self.count = count }

    /// Returns once all have come and one of them has done `work`.
    func meet(_ work: () -> Void) {
        condition.lock()
        defer { condition.unlock() }
        arrived += 1
        guard arrived == count else {
            let seen = turn
            while turn == seen { condition.wait() }
            return
        }
        work()
        (arrived, turn) = (0, turn + 1)
        condition.broadcast()
    }
}
