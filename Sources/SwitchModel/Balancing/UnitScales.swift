/// Powers of two by which the units between two linear layers are moved from one to the other.
///
/// A unit is multiplied where it leaves the first layer and its column divided where it enters the second, so that every
/// column is about as large as the others and rounding a row of the second layer loses none. The function stays the same
/// to the bit, for a power of two moves exponents alone; it needs what lies between to be linear in the unit, or ReLU.
package struct UnitScales: Equatable, Sendable {
    /// Unit `i` is multiplied by 2 to the power of `exponents[i]`; empty where no unit is moved.
    package let exponents: [Int]

    /// Moves nothing.
    package static let none = UnitScales(exponents: [])

    /// Units nearer to the typical one are left where they are: rounding tells columns of such sizes apart.
    static let smallest = 2
    /// Keeps what is multiplied far from the ends of Float32.
    static let largest = 30

    private init(exponents: [Int]) { self.exponents = exponents.contains { $0 != 0 } ? exponents : [] }

    /// - Parameters:
    ///   - peaks: the largest magnitude that the second layer multiplies each unit by.
    ///   - group: units that are compared with each other, such as those of a head: neighbours, so many at a time.
    package init(peaks: [Float], group: Int) {
        var exponents: [Int] = []
        for start in stride(from: 0, to: peaks.count, by: max(group, 1)) {
            let part = peaks[start..<min(start + max(group, 1), peaks.count)]
            let typical = Self.median(part.filter { $0 > 0 && $0.isFinite })
            exponents += part.map { Self.exponent($0, typical) }
        }
        self.init(exponents: exponents)
    }

    /// What units are multiplied by where they leave the first layer.
    package var unitFactors: [Float] { exponents.map { Float(sign: .plus, exponent: $0, significand: 1) } }

    /// What the columns of the second layer are multiplied by.
    package var columnFactors: [Float] { exponents.map { Float(sign: .plus, exponent: -$0, significand: 1) } }

    /// How many units are moved.
    package var count: Int { exponents.count { $0 != 0 } }

    /// The farthest any is moved, as an exponent of two.
    package var reach: Int { exponents.reduce(0) { max($0, abs($1)) } }

    private static func median(_ values: [Float]) -> Float {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    /// The power of two nearest to `peak / typical`, by its logarithm.
    private static func exponent(_ peak: Float, _ typical: Float) -> Int {
        guard typical > 0, peak > 0, peak.isFinite else { return 0 }
        let ratio = Double(peak) / Double(typical)
        let exponent = Int(ratio.exponent) + (ratio.significand > 2.0.squareRoot() ? 1 : 0)
        return abs(exponent) < smallest ? 0 : max(-largest, min(largest, exponent))
    }
}
