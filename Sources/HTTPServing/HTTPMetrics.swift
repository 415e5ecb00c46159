import HTTPTypes
import Telemetry

/// What the server counts.
///
/// Labels come from fixed sets, never from a request.
struct HTTPMetrics: Sendable {
    enum ConnectionResult: String, CaseIterable {
        case accepted, rejected, timeout, replaced
        case tlsFailed = "tls_failed"
    }

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]
    private static let durations = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

    private let registry: MetricsRegistry
    private let connections: [ConnectionResult: Counter]
    let connectionsOpen: Gauge
    let requestBytes: Counter
    let responseBytes: Counter

    init(_ registry: MetricsRegistry) {
        self.registry = registry
        let counters = ConnectionResult.allCases.map { result in
            let label = MetricLabel("result", result.rawValue)
            let help = "Connections by what became of them."
            return (result, registry.counter("switchyard_http_connections", help, [label]))
        }
        connections = Dictionary(uniqueKeysWithValues: counters)
        connectionsOpen = registry.gauge("switchyard_http_connections_open", "Connections open now.")
        requestBytes = registry.counter("switchyard_http_request_body_bytes", "Bytes of request bodies read.")
        responseBytes = registry.counter("switchyard_http_response_body_bytes", "Bytes of response bodies sent.")
        for reason in HTTPParseError.Reason.allCases { _ = refusals(reason) }
    }

    func count(_ result: ConnectionResult) {
        connections[result]?.increment()
    }

    func count(_ handshake: TLSSession.Summary) {
        let labels = [
            MetricLabel("version", handshake.version), MetricLabel("resumed", handshake.isResumed ? "true" : "false"),
        ]
        registry.counter("switchyard_tls_handshakes", "TLS handshakes completed.", labels).increment()
    }

    func count(_ error: HTTPParseError) {
        refusals(error.reason).increment()
    }

    func count(_ error: RequestBodyError) {
        if let refusal = error.refusal { count(refusal) }
    }

    private func refusals(_ reason: HTTPParseError.Reason) -> Counter {
        let label = MetricLabel("reason", reason.rawValue)
        return registry.counter("switchyard_http_parse_errors", "Requests the server could not read.", [label])
    }

    func finished(_ method: HTTPRequest.Method?, route: String?, status: Int, after duration: Duration) {
        let name = method.map(\.rawValue) ?? "other"
        let route = MetricLabel("route", route ?? "other")
        let method = MetricLabel("method", Self.methods.contains(name) ? name : "other")
        let labels = [method, route, MetricLabel("code", "\(status)")]
        registry.counter("switchyard_http_requests", "Requests answered.", labels).increment()
        registry.histogram(
            "switchyard_http_request_duration_seconds",
            "Time from the end of the head to the end of the response.",
            buckets: Self.durations,
            [route]
        ).observe(duration / .seconds(1))
    }
}
