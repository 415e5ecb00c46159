/// The time series that share a name.
package struct MetricFamily: Sendable {
    /// What the exposition declares in `# TYPE`, by the word it uses.
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// Where the value of one series comes from when it is scraped.
    package enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        /// Called at each scrape, on the thread that writes the exposition.
        case read(@Sendable () -> Double)
    }

    /// Without `_total`.
    package let name: String
    package let help: String
    package let kind: Kind
    package private(set) var series: [(labels: [MetricLabel], instrument: Instrument)] = []
    private var indices: [[MetricLabel]: Int] = [:]

    package init(name: String, help: String, kind: Kind) {
        self.name = name
        self.help = help
        self.kind = kind
    }

    /// The series with `labels`, made when there is none.
    package mutating func instrument(_ labels: [MetricLabel], make: () -> Instrument) -> Instrument {
        if let index = indices[labels] { return series[index].instrument }
        indices[labels] = series.count
        series.append((labels, make()))
        return series[series.count - 1].instrument
    }

    /// The unit a name ends with, as OpenMetrics declares it.
    package var unit: String? {
        ["seconds", "bytes", "ratio", "nats"].first { name.hasSuffix("_\($0)") }
    }
}
