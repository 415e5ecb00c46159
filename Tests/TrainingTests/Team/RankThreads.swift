import Foundation
import Synchronization

/// A thread for each rank: they wait for each other, which the threads of a pool must not.
enum RankThreads {
    private final class Results<Value: Sendable>: Sendable {
        let all: Mutex<[Int: Value]> = Mutex([:])
    }

    /// What `body` returns at each of the ranks, in their order.
    static func run<Value: Sendable>(_ ranks: Range<Int>, _ body: @escaping @Sendable (Int) -> Value) -> [Value] {
        let results = Results<Value>()
        let group = DispatchGroup()
        for rank in ranks {
            group.enter()
            let thread = Thread {
                let value = body(rank)
                results.all.withLock { $0[rank] = value }
                group.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        group.wait()
        return results.all.withLock { all in ranks.compactMap { all[$0] } }
    }
}
