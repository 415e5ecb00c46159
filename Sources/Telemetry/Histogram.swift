import Synchronization

/// Counts observations in fixed buckets.
///
/// Any thread may observe.
package final class Histogram: Sendable {
    /// Upper bounds, ascending, without the implied infinity.
    package let buckets: [Double]

    package init(buckets: [Double]) {
        self.buckets = buckets
    }

    package func observe(_ value: Double) {}
}
