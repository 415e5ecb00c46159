import Telemetry
import Testing

@testable import HTTPServing

struct HTTPMetricsTests {
    @Test func everyReasonIsShownBeforeItsFirstRequest() {
        let registry = MetricsRegistry()
        let metrics = HTTPMetrics(registry)
        let before = String(decoding: registry.exposition(.prometheusText), as: UTF8.self)
        for error: HTTPParseError in [.lateBody, .malformedHost] { metrics.count(error) }
        let after = String(decoding: registry.exposition(.prometheusText), as: UTF8.self)
        let series = before.split(separator: "\n").filter { $0.hasPrefix("switchyard_http_parse_errors_total{") }
        #expect(series.count == HTTPParseError.Reason.allCases.count && series.allSatisfy { $0.hasSuffix("} 0") })
        #expect(before.split(separator: "\n").count == after.split(separator: "\n").count)
        let counted = after.split(separator: "\n").filter { $0.hasPrefix("switchyard_http_parse_errors_total{") }
        #expect(counted.filter { $0.hasSuffix("} 1") }.count == 2)
    }
}
