import Logging
import Telemetry
import Testing

@testable import TraceExport

@Suite(.timeLimit(.minutes(1)))
struct TraceExporterTests {
    private static func exporter(to collector: TestCollector, _ limits: ExportLimits) throws -> TraceExporter {
        let endpoint = try #require(CollectorEndpoint("http://127.0.0.1:\(collector.port)"))
        return TraceExporter(
            to: .init(endpoint: endpoint, headers: [], resource: TraceResource(version: "1", instance: "one")),
            sampling: SamplingRule(ratio: 1),
            quietRoutes: [],
            limits: limits,
            metrics: ExportMetrics(MetricsRegistry()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Twenty times, because a thread that happens to be late finds the batch full without having been woken.
    @Test func aFullBatchDoesNotWaitForTheIntervalAndTheRestGoesAtTheEnd() async throws {
        let collector = TestCollector()
        defer { collector.close() }
        var limits = ExportLimits()
        limits.interval = .seconds(3600)
        limits.batchRequests = 3
        let exporter = try Self.exporter(to: collector, limits)
        var exports = collector.exports.makeAsyncIterator()
        func finish(_ count: Int) {
            for _ in 0..<count {
                exporter.finished(RequestRecord(trace: RequestTrace(id: "a"), status: 200, duration: .zero))
            }
        }
        for _ in 0..<20 {
            finish(3)
            #expect(await exports.next() == 3)
        }
        finish(2)
        await exporter.shutDown(within: .seconds(30))
        #expect(await exports.next() == 2)
    }
}
