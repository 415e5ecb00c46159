import HTTPTypes
import Telemetry

/// What the server counts.
///
/// Labels come from fixed sets: a path or a method of a client's making counts as `other`.
struct HTTPMetrics: Sendable {
    let open: Gauge
    private let registry: MetricsRegistry
    private let sent: Counter
    private let received: Counter

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "OPTIONS", "DELETE", "PUT"]
    private static let latency: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
    ]

    init(_ registry: MetricsRegistry) {
        self.registry = registry
        open = registry.gauge("switchyard_http_connections_open", "Connections open now.")
        sent = registry.counter("switchyard_http_response_bytes", "Bytes of responses, heads included.")
        received = registry.counter("switchyard_http_request_body_bytes", "Bytes of request bodies read.")
        for result in ConnectionResult.allCases { _ = connections(result) }
        for reason in HTTPParseError.allCases { _ = parseErrors(reason) }
    }

    enum ConnectionResult: String, CaseIterable {
        case accepted
        case rejected
    }

    func countConnection(_ result: ConnectionResult) { connections(result).increment() }

    func countParseError(_ reason: HTTPParseError) { parseErrors(reason).increment() }

    func countBody(sent count: Int) { sent.increment(by: UInt64(count)) }

    func countBody(received count: Int) { received.increment(by: UInt64(count)) }

    func countRequest(_ method: HTTPRequest.Method, _ response: ServerResponse, since start: ContinuousClock.Instant) {
        let route = response.route ?? "other"
        let name = Self.methods.contains(method.rawValue) ? method.rawValue : "other"
        registry.counter(
            "switchyard_http_requests",
            "Requests answered.",
            [
                MetricLabel("method", name), MetricLabel("route", route),
                MetricLabel("code", "\(response.status.code)"),
            ]
        ).increment()
        registry.histogram(
            "switchyard_http_request_duration_seconds",
            "Time from a request's head to the end of its response.",
            buckets: Self.latency,
            [MetricLabel("route", route)]
        ).observe((ContinuousClock.now - start) / .seconds(1))
    }

    private func connections(_ result: ConnectionResult) -> Counter {
        registry.counter(
            "switchyard_http_connections",
            "Connections by what became of them.",
            [MetricLabel("result", result.rawValue)]
        )
    }

    private func parseErrors(_ reason: HTTPParseError) -> Counter {
        registry.counter(
            "switchyard_http_parse_errors",
            "Requests refused before a handler saw them.",
            [MetricLabel("reason", reason.rawValue)]
        )
    }
}
