/// A moment as log lines show it, such as `2026-11-21T15:09:31.123Z`.
struct LogTime: Equatable, Sendable {
    let text: String

    /// - Parameter nanoseconds: since the Unix epoch.
    init(nanoseconds: UInt64) {
        let milliseconds = nanoseconds / 1_000_000
        let (year, month, day) = Self.date(ofDay: milliseconds / 86_400_000)
        let inDay = milliseconds % 86_400_000
        let parts: [(number: UInt64, digits: Int, end: Character)] = [
            (year, 4, "-"), (month, 2, "-"), (day, 2, "T"), (inDay / 3_600_000, 2, ":"),
            (inDay / 60_000 % 60, 2, ":"), (inDay / 1000 % 60, 2, "."), (inDay % 1000, 3, "Z"),
        ]
        text = parts.reduce(into: "") { text, part in
            let number = String(part.number)
            for _ in 0..<max(0, part.digits - number.utf8.count) { text.append("0") }
            text += number
            text.append(part.end)
        }
    }

    /// The Gregorian date of a day counted from 1970-01-01.
    ///
    /// Years are counted from March, so that a leap day ends one; 400 of them have 146,097 days.
    private static func date(ofDay day: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let shifted = day + 719_468
        let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (
            era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }
}
