import Synchronization

/// A value that goes up and down.
///
/// Any thread may change it.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    package init() {}

    /// What was last set, plus what was added since; 0 at first.
    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    /// Replaces the value, whatever others add at the same time.
    package func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    /// Adds without a lock, losing nothing that others add at the same time; a negative amount takes away.
    package func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}
