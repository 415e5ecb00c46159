import Testing

@testable import Telemetry

struct HistogramTests {
    let histogram = Histogram(buckets: [1, 2])

    @Test func aBoundBelongsToItsBucketAndCountsAreCumulative() {
        for value in [0, 1, 1.5, 2, 2.5, .infinity] { histogram.observe(value) }
        #expect(histogram.snapshot.cumulativeCounts == [2, 4, 6])
        #expect(histogram.snapshot.sum == .infinity)
    }

    @Test func whatIsNotANumberIsIgnored() {
        histogram.observe(1)
        histogram.observe(.nan)
        #expect(histogram.snapshot == Histogram.Snapshot(cumulativeCounts: [1, 1, 1], sum: 1))
    }
}
