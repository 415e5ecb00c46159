import Foundation
package import Tensors

/// Which experts each row of a pass goes to at one sparse layer, and the gates that scale the experts' outputs.
///
/// Plain data, refilled in place pass after pass: the router makes it, the expert scheduler runs it, the load metrics
/// count it.
package struct RoutingPlan: Equatable, Sendable {
    package let stack: Stack
    /// Block index of the layer.
    package let block: Int
    /// Experts of the layer, chosen or not.
    package let expertCount: Int
    /// How many experts each row goes to.
    package let choices: Int
    /// The chosen experts of every row, best first: `[rows · choices]`.
    package private(set) var experts: [Int32] = []
    /// The probability of a row's only choice, or the share of each of several in the sum of theirs: `[rows ·
    /// choices]`.
    ///
    /// Dropped ones included.
    package private(set) var gates: [Float] = []
    /// Choices that found their expert full, for which the feed-forward adds nothing: `[rows · choices]`.
    package private(set) var isDropped: [Bool] = []
    /// Sum over rows of the entropy of the router's distribution, in nats.
    package private(set) var entropySum = 0.0
    /// Sum over rows of the largest probability.
    package private(set) var topProbabilitySum = 0.0
    /// Choices of the current sequence that each expert was asked to take.
    private var asked: [Int]

    /// Rows that share the capacity of an expert.
    package enum Sharing: Sendable {
        /// Each of these ranges, in position order, on its own; and each of the continuations with what it follows.
        case sequences([Range<Int>], continuations: [Continuation] = [])
        /// None: a decoder step has one row for each sequence, so that a capacity never binds.
        case none
    }

    /// Rows that follow others, of which they may not be the only continuation: they find the capacity that these leave, and
    /// do not count for them.
    package struct Continuation: Equatable, Sendable {
        /// In position order.
        package var rows: Range<Int>
        /// A range that is a sequence of its own.
        package var followed: Range<Int>

        package init(_ rows: Range<Int>, after followed: Range<Int>) {
            (self.rows, self.followed) = (rows, followed)
        }
    }

    /// - Precondition: there are as many experts as choices.
    package init(stack: Stack, block: Int, expertCount: Int, choices: Int = 1) {
        precondition(choices >= 1 && choices <= expertCount, "\(choices) of \(expertCount) experts")
        self.stack = stack
        self.block = block
        self.expertCount = expertCount
        self.choices = choices
        asked = Array(repeating: 0, count: expertCount)
    }

    /// Tokens of the pass.
    package var rows: Int { experts.count / choices }

    /// Sends each row to its most probable experts, as long as these hold fewer than `capacity` rows of its sequence.
    ///
    /// First choices of all rows of a sequence are taken before second ones. With one choice this is what
    /// `SwitchTransformersTop1Router` of transformers 5.23.0 does.
    ///
    /// - Parameter probabilities: `[rows, experts]`, rows summing to 1. Ties go to the lower expert.
    package mutating func fill(_ probabilities: Matrix, _ sharing: Sharing, capacity: Int) {
        removeAll()
        for row in 0..<probabilities.rows { probabilities.withRow(row) { choose($0) } }
        for _ in experts.indices { isDropped.append(false) }
        guard case .sequences(let sequences, let continuations) = sharing else { return }
        for sequence in sequences {
            forgetAsked()
            drop(past: capacity, in: sequence)
        }
        for continuation in continuations where !continuation.rows.isEmpty {
            forgetAsked()
            for row in continuation.followed {
                for place in row * choices..<(row + 1) * choices { asked[Int(experts[place])] += 1 }
            }
            drop(past: capacity, in: continuation.rows)
        }
    }

    fileprivate mutating func removeAll() {
        experts.removeAll(keepingCapacity: true)
        gates.removeAll(keepingCapacity: true)
        isDropped.removeAll(keepingCapacity: true)
        (entropySum, topProbabilitySum) = (0, 0)
    }

    private mutating func choose(_ probabilities: Span<Float>) {
        var best = 0
        var entropy: Float = 0
        for expert in 0..<probabilities.count {
            let probability = probabilities[expert]
            if probability > probabilities[best] { best = expert }
            if probability > 0 { entropy -= probability * logf(probability) }
        }
        experts.append(Int32(best))
        entropySum += Double(entropy)
        topProbabilitySum += Double(probabilities[best])
        if choices == 1 {
            gates.append(probabilities[best])
        } else {
            chooseOthers(probabilities)
        }
    }

    /// Chooses again for a row that has its first choice, and shares its gates out.
    private mutating func chooseOthers(_ probabilities: Span<Float>) {
        let first = experts.count - 1
        var sum = probabilities[Int(experts[first])]
        for _ in 1..<choices {
            var next = -1
            for expert in 0..<probabilities.count where !experts[first...].contains(Int32(expert)) {
                if next < 0 || probabilities[expert] > probabilities[next] { next = expert }
            }
            experts.append(Int32(next))
            sum += probabilities[next]
        }
        for expert in experts[first...] { gates.append(probabilities[Int(expert)] / sum) }
    }

    private mutating func forgetAsked() {
        for expert in asked.indices { asked[expert] = 0 }
    }

    private mutating func drop(past capacity: Int, in sequence: Range<Int>) {
        for choice in 0..<choices {
            for row in sequence {
                let place = row * choices + choice
                let expert = Int(experts[place])
                asked[expert] += 1
                isDropped[place] = asked[expert] > capacity
            }
        }
    }
}

/// What the routers of a pass did: a plan for each sparse layer, in the order the layers run.
package struct RoutingLog: Sendable {
    /// By layer; the next pass overwrites them.
    package private(set) var plans: [RoutingPlan] = []
    private var next = 0

    package init() {}

    /// Begins another pass through the same layers, which may be one without rows.
    package mutating func rewind() {
        next = 0
        for index in plans.indices { plans[index].removeAll() }
    }

    /// Fills the plan of the next layer and returns it.
    ///
    /// - Parameter empty: the plan of that layer in the first pass; the layers of a model never change.
    @discardableResult
    package mutating func record(
        _ empty: @autoclosure () -> RoutingPlan,
        _ fill: (inout RoutingPlan) -> Void
    ) -> RoutingPlan {
        if next == plans.count { plans.append(empty()) }
        fill(&plans[next])
        next += 1
        return plans[next - 1]
    }
}
