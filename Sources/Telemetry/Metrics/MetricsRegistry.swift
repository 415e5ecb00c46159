import Synchronization

/// Every metric of one process, by name.
///
/// Asking twice for the same name and labels gives the same instrument. Safe from any thread.
package final class MetricsRegistry: Sendable {
    private struct State {
        var families: [MetricFamily] = []
        var indices: [String: Int] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// - Parameter name: without `_total`, such as `switchyard_requests_finished`.
    package func counter(_ name: String, _ help: String, _ labels: [MetricLabel] = []) -> Counter {
        let instrument = instrument(.counter, name, help, labels) { .counter(Counter()) }
        if case .counter(let counter) = instrument { return counter }
        return Counter()
    }

    /// A gauge that starts at 0; one that nothing shows where another instrument has the name and labels already.
    package func gauge(_ name: String, _ help: String, _ labels: [MetricLabel] = []) -> Gauge {
        let instrument = instrument(.gauge, name, help, labels) { .gauge(Gauge()) }
        if case .gauge(let gauge) = instrument { return gauge }
        return Gauge()
    }

    /// A histogram, made with the first call for a name and labels: `buckets` of later ones have no effect.
    ///
    /// - Parameter buckets: upper bounds, ascending.
    package func histogram(
        _ name: String,
        _ help: String,
        buckets: [Double],
        _ labels: [MetricLabel] = []
    ) -> Histogram {
        let instrument = instrument(.histogram, name, help, labels) { .histogram(Histogram(buckets: buckets)) }
        if case .histogram(let histogram) = instrument { return histogram }
        return Histogram(buckets: buckets)
    }

    /// A gauge whose value is read at each scrape.
    package func gauge(
        _ name: String,
        _ help: String,
        _ labels: [MetricLabel] = [],
        read: @escaping @Sendable () -> Double
    ) {
        _ = instrument(.gauge, name, help, labels) { .read(read) }
    }

    /// A counter whose value is read at each scrape and never goes down.
    package func counter(
        _ name: String,
        _ help: String,
        _ labels: [MetricLabel] = [],
        read: @escaping @Sendable () -> Double
    ) {
        _ = instrument(.counter, name, help, labels) { .read(read) }
    }

    /// Shows a histogram that something else owns.
    package func adopt(_ histogram: Histogram, _ name: String, _ help: String, _ labels: [MetricLabel] = []) {
        _ = instrument(.histogram, name, help, labels) { .histogram(histogram) }
    }

    /// Writes every family in the given format, in the order they were first asked for.
    ///
    /// - Parameter more: families that are made for this scrape.
    package func exposition(_ format: ExpositionFormat, and more: [MetricFamily] = []) -> [UInt8] {
        format.write(state.withLock { $0.families } + more)
    }

    private func instrument(
        _ kind: MetricFamily.Kind,
        _ name: String,
        _ help: String,
        _ labels: [MetricLabel],
        make: () -> MetricFamily.Instrument
    ) -> MetricFamily.Instrument {
        state.withLock { state in
            let index: Int
            if let found = state.indices[name] {
                index = found
            } else {
                index = state.families.count
                state.indices[name] = index
                state.families.append(MetricFamily(name: name, help: help, kind: kind))
            }
            return state.families[index].instrument(labels, make: make)
        }
    }
}
