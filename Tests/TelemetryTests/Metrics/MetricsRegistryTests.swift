import Testing

@testable import Telemetry

struct MetricsRegistryTests {
    let registry = MetricsRegistry()

    @Test func theSameNameAndLabelsGiveTheSameInstrument() {
        let labels = [MetricLabel("l", "v")]
        #expect(registry.counter("c", "C.", labels) === registry.counter("c", "C.", labels))
        #expect(registry.gauge("g", "G.", labels) === registry.gauge("g", "G.", labels))
        #expect(
            registry.histogram("h", "H.", buckets: [1], labels) === registry.histogram("h", "H.", buckets: [1], labels)
        )
    }

    @Test func otherLabelsGiveAnotherSeriesOfTheSameFamily() {
        let first = registry.counter("c", "C.", [MetricLabel("l", "a")])
        registry.gauge("between", "B.").set(1)
        let second = registry.counter("c", "C.", [MetricLabel("l", "b")])
        #expect(first !== second)
        second.increment()
        let text = String(decoding: registry.exposition(.prometheusText), as: UTF8.self)
        #expect(text.contains("# TYPE c_total counter\nc_total{l=\"a\"} 0\nc_total{l=\"b\"} 1\n# HELP between"))
    }

    @Test func anAdoptedHistogramIsShownAsItsOwnerFillsIt() {
        let histogram = Histogram(buckets: [1])
        registry.adopt(histogram, "h", "H.")
        histogram.observe(3)
        #expect(String(decoding: registry.exposition(.prometheusText), as: UTF8.self).hasSuffix("h_sum 3\nh_count 1\n"))
    }

    @Test func familiesOfOneScrapeFollowTheRegistered() {
        registry.gauge("g", "G.").set(1)
        var family = MetricFamily(name: "m", help: "M.", kind: .gauge)
        _ = family.instrument([]) { .read { 2 } }
        let text = String(decoding: registry.exposition(.openMetrics, and: [family]), as: UTF8.self)
        #expect(text.hasSuffix("\ng 1\n# TYPE m gauge\n# HELP m M.\nm 2\n# EOF\n"))
    }
}
