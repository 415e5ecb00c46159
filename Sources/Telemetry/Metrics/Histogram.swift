import Synchronization

/// Counts observations in fixed buckets.
///
/// Any thread may observe.
package final class Histogram: Sendable {
    /// What was observed so far.
    package struct Snapshot: Equatable, Sendable {
        /// Observations at or below each upper bound, and in all as the last.
        package var cumulativeCounts: [UInt64]
        /// Of the observed values.
        package var sum: Double
    }

    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    /// Upper bounds, ascending, without the implied infinity.
    package let buckets: [Double]
    private let state: Mutex<State>

    /// - Parameter buckets: upper bounds, ascending and finite; a value on a bound belongs to it.
    package init(buckets: [Double]) {
        self.buckets = buckets
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    /// Counts one value; a value that is not a number is ignored.
    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = buckets.firstIndex { value <= $0 } ?? buckets.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    package var snapshot: Snapshot {
        state.withLock { state in
            var total: UInt64 = 0
            let cumulative = state.counts.map { count in
                total += count
                return total
            }
            return Snapshot(cumulativeCounts: cumulative, sum: state.sum)
        }
    }
}
