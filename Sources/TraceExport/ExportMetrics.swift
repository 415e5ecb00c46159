package import Telemetry

/// What became of the traces of requests.
package struct ExportMetrics: Sendable {
    enum Loss: String, CaseIterable {
        case queueFull = "queue_full"
        /// The collector will not take them.
        case refused
        case shutdown
    }

    let exported: Counter
    let failures: Counter
    private let dropped: [Loss: Counter]

    /// Adds the counters of exported traces, of failed attempts, and of lost traces by reason to `registry`.
    package init(_ registry: MetricsRegistry) {
        exported = registry.counter("switchyard_traces_exported", "Requests whose trace a collector took.")
        failures = registry.counter("switchyard_trace_export_failures", "Attempts to export traces that failed.")
        dropped = Dictionary(
            uniqueKeysWithValues: Loss.allCases.map { loss in
                let label = MetricLabel("reason", loss.rawValue)
                return (loss, registry.counter("switchyard_traces_dropped", "Requests whose trace was lost.", [label]))
            }
        )
    }

    func lost(_ count: Int, _ loss: Loss) {
        dropped[loss]?.increment(by: UInt64(count))
    }
}
