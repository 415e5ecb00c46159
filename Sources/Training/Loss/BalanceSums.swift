import Tensors

/// What the balance loss of one router is made of: sums over rows, of one part of a batch or of several.
struct BalanceSums: Equatable, Sendable {
    private(set) var rows: Int
    /// By expert: rows whose first choice it is, their probabilities for it, and the gates of those that chose it, those
    /// that found it full included.
    private(set) var wantedFirst: [Int]
    private(set) var probabilities: [Double]
    private(set) var gates: [Double]

    init(rows: Int, wantedFirst: [Int], probabilities: [Double], gates: [Double]) {
        (self.rows, self.wantedFirst, self.probabilities, self.gates) = (rows, wantedFirst, probabilities, gates)
    }

    /// - Parameter probabilities: `[rows, experts]`.
    init(_ assignment: ExpertAssignment, _ probabilities: FloatRows) {
        rows = probabilities.rows
        wantedFirst = assignment.wantedFirst
        gates = assignment.gateSums
        self.probabilities = (0..<probabilities.columns).map { expert in
            var sum = 0.0
            for row in 0..<probabilities.rows { sum += Double(probabilities[row, expert]) }
            return sum
        }
    }

    /// Adds those of the same router over other rows.
    mutating func add(_ other: BalanceSums) {
        precondition(other.wantedFirst.count == wantedFirst.count, "another router's")
        rows += other.rows
        for expert in wantedFirst.indices {
            wantedFirst[expert] += other.wantedFirst[expert]
            probabilities[expert] += other.probabilities[expert]
            gates[expert] += other.gates[expert]
        }
    }

    /// Adds sums up router by router, in the order of the parts.
    static func sum(_ parts: [[BalanceSums]]) -> [BalanceSums] {
        guard var sum = parts.first else { return [] }
        for part in parts.dropFirst() {
            for (index, sums) in part.enumerated() { sum[index].add(sums) }
        }
        return sum
    }
}
