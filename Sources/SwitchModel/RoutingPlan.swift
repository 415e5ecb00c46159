import Foundation
package import Tensors

/// Which expert each row of a pass goes to at one sparse layer, and the gate that scales the expert's output.
///
/// Plain data, refilled in place pass after pass: the router makes it, the expert scheduler runs it, the load metrics
/// count it.
package struct RoutingPlan: Equatable, Sendable {
    package let stack: Stack
    /// Block index of the layer.
    package let block: Int
    package let expertCount: Int
    /// The chosen expert of every row.
    package private(set) var experts: [Int32] = []
    /// The probability of the chosen expert, dropped rows included.
    package private(set) var gates: [Float] = []
    /// Rows that found their expert full: the feed-forward adds nothing to them.
    package private(set) var isDropped: [Bool] = []
    /// Sum over rows of the entropy of the router's distribution, in nats.
    package private(set) var entropySum = 0.0
    /// Rows of the current sequence that each expert holds.
    private var held: [Int]

    /// Rows that share the capacity of an expert.
    package enum Sharing: Sendable {
        /// Each of these ranges, in position order, on its own.
        case sequences([Range<Int>])
        /// None: with a cache a decoder step has one row for each sequence, so that a capacity never binds.
        case none
    }

    package init(stack: Stack, block: Int, expertCount: Int) {
        self.stack = stack
        self.block = block
        self.expertCount = expertCount
        held = Array(repeating: 0, count: expertCount)
    }

    /// Sends each row to its most probable expert until that expert holds `capacity` rows of the row's sequence.
    ///
    /// - Parameter probabilities: `[rows, experts]`, rows summing to 1. Ties go to the lower expert.
    package mutating func fill(_ probabilities: Matrix, _ sharing: Sharing, capacity: Int) {
        experts.removeAll(keepingCapacity: true)
        gates.removeAll(keepingCapacity: true)
        isDropped.removeAll(keepingCapacity: true)
        entropySum = 0
        switch sharing {
        case .none:
            for row in 0..<probabilities.rows {
                _ = append(probabilities, row: row)
                isDropped.append(false)
            }
        case .sequences(let sequences):
            for sequence in sequences {
                for expert in held.indices { held[expert] = 0 }
                for row in sequence {
                    let expert = append(probabilities, row: row)
                    held[expert] += 1
                    isDropped.append(held[expert] > capacity)
                }
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
}

/// What the routers of a pass did: a plan for each sparse layer, in the order the layers run.
package struct RoutingLog: Sendable {
    package private(set) var plans: [RoutingPlan] = []
    private var next = 0

    package init() {}

    /// Begins another pass through the same layers.
    package mutating func rewind() { next = 0 }

    /// Fills the plan of the next layer, which is `layer` of a model that never changes, and returns it.
    mutating func record(_ stack: Stack, block: Int, experts: Int, _ fill: (inout RoutingPlan) -> Void) -> RoutingPlan {
        if next == plans.count { plans.append(RoutingPlan(stack: stack, block: block, expertCount: experts)) }
        fill(&plans[next])
        next += 1
        return plans[next - 1]
    }
}
