import Testing

@testable import Telemetry

struct ProcessMetricsTests {
    @Test(arguments: [
        "process_start_time_seconds", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
        "process_max_fds",
    ])
    func theUsualMetricIsPresentAndPositive(_ name: String) throws {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry)
        let text = String(decoding: registry.exposition(.prometheusText), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + " ") })
        #expect(try #require(Double(line.dropFirst(name.count + 1))) > 0)
    }
}
