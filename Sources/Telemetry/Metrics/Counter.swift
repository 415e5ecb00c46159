import Synchronization

/// A count that only goes up.
///
/// Any thread may add to it.
package final class Counter: Sendable {
    private let storage = Atomic<UInt64>(0)

    package init() {}

    package var value: UInt64 { storage.load(ordering: .relaxed) }

    package func increment(by amount: UInt64 = 1) {
        storage.wrappingAdd(amount, ordering: .relaxed)
    }
}
