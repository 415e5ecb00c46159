import Synchronization

/// A value that goes up and down.
///
/// Any thread may change it.
package final class Gauge: Sendable {
    private let storage = Mutex<Double>(0)

    package init() {}

    package var value: Double { storage.withLock { $0 } }

    package func set(_ value: Double) {
        storage.withLock { $0 = value }
    }

    package func add(_ amount: Double) {
        storage.withLock { $0 += amount }
    }
}
