import Testing

@testable import HTTPServing

struct RefusalReportTests {
    private let clock = ManualClock()

    @Test func theFirstIsToldAtOnceAndTheNextTogetherAnIntervalLater() {
        var report = RefusalReport(interval: .seconds(60), clock: clock)
        #expect(report.due() == nil)
        report.refused()
        #expect(report.due() == 1)
        for _ in 0..<5 { report.refused() }
        clock.advance(by: .milliseconds(59_999))
        #expect(report.due() == nil)
        clock.advance(by: .milliseconds(1))
        #expect(report.due() == 5)
        #expect(report.due() == nil)
    }

    @Test func afterAQuietIntervalTheNextIsToldAtOnce() {
        var report = RefusalReport(interval: .seconds(60), clock: clock)
        report.refused()
        #expect(report.due() == 1)
        clock.advance(by: .seconds(90))
        #expect(report.due() == nil)
        report.refused()
        #expect(report.due() == 1)
        report.refused()
        #expect(report.due() == nil)
    }
}
