import Foundation
import Testing

@testable import Telemetry

struct LogTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
        (1_709_251_200_000, "2024-03-01T00:00:00.000Z"), (1_767_225_599_999, "2025-12-31T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ])
    func millisecondsBecomeADate(milliseconds: UInt64, text: String) {
        #expect(LogTime(nanoseconds: milliseconds * 1_000_000 + 999_999).text == text)
    }

    @Test func everyDayOfAHundredYearsIsWhatFoundationSays() {
        for day in stride(from: UInt64(0), to: 36_525, by: 1) {
            let date = Date(timeIntervalSince1970: Double(day * 86_400)).formatted(.iso8601.year().month().day())
            #expect(LogTime(nanoseconds: day * 86_400_000_000_000).text.prefix(10) == date)
        }
    }
}
