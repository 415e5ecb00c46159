import Synchronization

/// A count that only goes up.
///
/// Any thread may add to it.
package final class Counter: Sendable {
    private let storage = Atomic<UInt64>(0)

    package init() {}

    /// The sum so far, from 0; a reader may see it a moment late.
    package var value: UInt64 { storage.load(ordering: .relaxed) }

    /// Adds without a lock; the count wraps at 2⁶⁴.
    package func increment(by amount: UInt64 = 1) {
        storage.wrappingAdd(amount, ordering: .relaxed)
    }
}
