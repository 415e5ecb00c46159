/// A label of one time series.
///
/// Names and values come from fixed sets, never from a request.
package struct MetricLabel: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Every metric of one process, by name.
///
/// Asking twice for the same name and labels gives the same instrument.
package final class MetricsRegistry: Sendable {
    package init() {}

    /// - Parameter name: full name without `_total`, such as `switchyard_requests_finished`.
    package func counter(_ name: String, _ help: String, _ labels: [MetricLabel] = []) -> Counter { Counter() }

    package func gauge(_ name: String, _ help: String, _ labels: [MetricLabel] = []) -> Gauge { Gauge() }

    package func histogram(
        _ name: String,
        _ help: String,
        buckets: [Double],
        _ labels: [MetricLabel] = []
    ) -> Histogram { Histogram(buckets: buckets) }

    /// A gauge whose value is read at each scrape.
    package func gauge(
        _ name: String,
        _ help: String,
        _ labels: [MetricLabel] = [],
        read: @escaping @Sendable () -> Double
    ) {}

    /// Writes every family in the given format.
    package func exposition(_ format: ExpositionFormat) -> [UInt8] { [] }
}

/// The two formats Prometheus reads.
package enum ExpositionFormat: Sendable {
    case prometheusText
    case openMetrics

    /// The best format for an `Accept` header; `.prometheusText` when nothing fits.
    package init(accept: String?) { self = .prometheusText }

    package var contentType: String { "text/plain; version=0.0.4; charset=utf-8" }
}
