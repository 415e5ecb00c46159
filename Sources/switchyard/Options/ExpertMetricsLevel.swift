import ArgumentParser

/// How much the router tells Prometheus.
enum ExpertMetricsLevel: String, ExpressibleByArgument, CaseIterable {
    case layer
    case expert
}
