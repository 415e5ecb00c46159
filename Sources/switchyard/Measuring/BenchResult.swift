import Foundation

/// One measurement: medians over rounds, each round taken beside the machine's own limits.
struct BenchResult: Encodable {
    /// decode or encode.
    let task: String
    /// Sequences decoded together, or tokens encoded.
    let size: Int
    /// Sequences decoded or tokens encoded in a pass, by its time.
    let tokensPerSecond: Double
    /// Tokens a second that bound the middle half of the rounds: lower, then upper.
    let quartiles: [Double]
    /// Of one pass.
    let seconds: Double
    /// What one pass must read, by `PassCost`.
    let bytes: Double
    /// What one pass must compute, by `PassCost`.
    let operations: Double
    /// The machine's bytes a second, read by all threads beside the pass.
    let readBandwidth: Double
    /// The machine's operations a second at the precision of the weights; nil, and left out as the two below, when most
    /// measurements of it were disturbed.
    let arithmetic: Double?
    /// Least time the machine needs by the time it took, from 0 to 1.
    let shareOfLimit: Double?
    /// The share of the read bandwidth that was used.
    let shareOfBandwidth: Double
    /// The share of the arithmetic peak that was used.
    let shareOfArithmetic: Double?

    enum CodingKeys: String, CodingKey {
        case task, size, quartiles, seconds, bytes, operations, arithmetic
        case tokensPerSecond = "tokens_per_second"
        case readBandwidth = "read_bandwidth"
        case shareOfLimit = "share_of_limit"
        case shareOfBandwidth = "share_of_bandwidth"
        case shareOfArithmetic = "share_of_arithmetic"
    }

    static let heading =
        "task    size   tokens/s  (middle half)        ms/pass   MB/pass  GOP/pass   read GB/s  "
        + "GOP/s   of limit  of read  of arithmetic"

    var line: String {
        let half = String(format: "(%.0f – %.0f)", quartiles[0], quartiles[1])
        return task.padding(toLength: 7, withPad: " ", startingAt: 0)
            + String(format: "%5d %10.1f  ", size, tokensPerSecond)
            + half.padding(toLength: 18, withPad: " ", startingAt: 0)
            + String(format: "%10.3f %9.1f %9.2f ", seconds * 1e3, bytes / 1e6, operations / 1e9)
            + String(format: "%11.1f ", readBandwidth / 1e9)
            + Self.figure(arithmetic.map { $0 / 1e9 }, width: 6)
            + Self.figure(shareOfLimit.map { $0 * 100 }, width: 10, unit: "%")
            + Self.figure(shareOfBandwidth * 100, width: 8, unit: "%")
            + Self.figure(shareOfArithmetic.map { $0 * 100 }, width: 9, unit: "%")
    }

    /// A number of `width` digits and its unit; a dash where there is none.
    private static func figure(_ value: Double?, width: Int, unit: String = "") -> String {
        let text = value.map { String(format: "%.0f", $0) + unit } ?? "–"
        let columns = width + unit.count
        return String(repeating: " ", count: max(0, columns - text.count)) + text
    }
}
