import Foundation
package import Tensors

/// Which expert each row of a pass goes to, and the gate that scales the expert's output.
///
/// Plain data: the router makes it, the expert scheduler runs it, the load metrics count it.
package struct RoutingPlan: Equatable, Sendable {
    package let expertCount: Int
    /// The chosen expert of every row.
    package private(set) var experts: [Int32] = []
    /// The probability of the chosen expert, dropped rows included.
    package private(set) var gates: [Float] = []
    /// Rows that found their expert full: the feed-forward adds nothing to them.
    package private(set) var isDropped: [Bool] = []
    /// Sum over rows of the entropy of the router's distribution, in nats.
    package private(set) var entropySum = 0.0

    /// Sends each row to its most probable expert until that expert holds `capacity` rows of the row's sequence.
    ///
    /// - Parameters:
    ///   - probabilities: `[rows, experts]`, rows summing to 1. Ties go to the lower expert.
    ///   - sequences: the rows of each sequence, in position order.
    package init(probabilities: Matrix, sequences: [Range<Int>], capacity: Int) {
        expertCount = probabilities.columns
        experts.reserveCapacity(probabilities.rows)
        gates.reserveCapacity(probabilities.rows)
        isDropped.reserveCapacity(probabilities.rows)
        var held = [Int](repeating: 0, count: expertCount)
        for sequence in sequences {
            for expert in held.indices { held[expert] = 0 }
            for row in sequence {
                let expert = append(probabilities, row: row)
                held[expert] += 1
                isDropped.append(held[expert] > capacity)
            }
        }
    }

    private mutating func append(_ probabilities: Matrix, row: Int) -> Int {
        probabilities.withRow(row) { row in
            var best = 0
            var entropy: Float = 0
            for expert in 0..<row.count {
                let probability = row[expert]
                if probability > row[best] { best = expert }
                if probability > 0 { entropy -= probability * logf(probability) }
            }
            experts.append(Int32(best))
            gates.append(row[best])
            entropySum += Double(entropy)
            return best
        }
    }

    package var droppedRows: [Int32] { isDropped.indices.filter { isDropped[$0] }.map { Int32($0) } }

    /// The rows that are computed, sorted by expert, and where each expert's rows lie among them.
    ///
    /// Experts nobody chose are left out; within an expert rows keep their order.
    package func rowsByExpert() -> (rows: [Int32], segments: [ExpertSegment]) {
        var ends = [Int](repeating: 0, count: expertCount)
        for row in experts.indices where !isDropped[row] { ends[Int(experts[row])] += 1 }
        var segments: [ExpertSegment] = []
        var start = 0
        for expert in 0..<expertCount {
            let count = ends[expert]
            if count > 0 { segments.append(ExpertSegment(expert: expert, rows: start..<start + count)) }
            ends[expert] = start
            start += count
        }
        var sorted = [Int32](repeating: 0, count: start)
        for row in experts.indices where !isDropped[row] {
            sorted[ends[Int(experts[row])]] = Int32(row)
            ends[Int(experts[row])] += 1
        }
        return (sorted, segments)
    }
}

/// The run of sorted rows that one expert computes.
package struct ExpertSegment: Equatable, Sendable {
    package var expert: Int
    package var rows: Range<Int>

    package init(expert: Int, rows: Range<Int>) {
        self.expert = expert
        self.rows = rows
    }
}
