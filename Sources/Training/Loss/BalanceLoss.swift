import Tensors

/// What keeps the experts of a router evenly used.
package enum BalanceLoss: String, CaseIterable, Sendable, Codable {
    /// Experts × Σ over experts of (share of rows whose first choice it is) × (mean probability): 1 when balanced (Fedus and
    /// others 2021, equation 4).
    ///
    /// There is no gradient of the shares.
    case `switch`
    /// The squared coefficient of variation of the experts' importance: 0 when balanced (Shazeer and others 2017, §4).
    ///
    /// An expert's importance is the sum of its gates over all rows, those that found it full included: what it is asked
    /// for, not what it has room for. The paper's other loss, of load, is made smooth by the noise of its gates, which
    /// routers here do not have.
    case squared

    /// The loss of one router over the rows that were summed.
    func value(_ sums: BalanceSums) -> Double {
        switch self {
        case .switch:
            let rows = Double(max(sums.rows, 1))
            var loss = 0.0
            for (wanted, sum) in zip(sums.wantedFirst, sums.probabilities) {
                loss += Double(wanted) / rows * sum / rows * Double(sums.wantedFirst.count)
            }
            return loss
        case .squared:
            return Importance(sums).squaredVariation
        }
    }

    /// Adds the loss's gradient, times `weight`, to those of the gates, `[rows · choices]`, or of the probabilities,
    /// whichever it is made of.
    ///
    /// - Parameter sums: over the rows of `assignment`, and maybe over others.
    func addGradient(
        times weight: Double,
        _ sums: BalanceSums,
        _ assignment: ExpertAssignment,
        toGates gates: inout [Float],
        andProbabilities probabilities: FloatRows
    ) {
        switch self {
        case .switch:
            let rows = Double(max(sums.rows, 1))
            for (expert, wanted) in sums.wantedFirst.enumerated() {
                let each = Float(weight * Double(probabilities.columns) * Double(wanted) / rows / rows)
                for row in 0..<probabilities.rows { probabilities[row, expert] += each }
            }
        case .squared:
            let gradient = Importance(sums).gradient.map { Float(weight * $0) }
            for (place, expert) in assignment.chosen.enumerated() { gates[place] += gradient[expert] }
        }
    }
}

/// Which rows the experts of a router are to be used evenly over.
package enum BalanceScope: String, CaseIterable, Sendable, Codable {
    /// Over those of each worker's part of a batch.
    case part
    /// Over those of the whole batch, whichever worker has them: experts that are even over it need not be over a part.
    case batch
}

extension KeyedDecodingContainer {
    /// Runs that were begun before there was a choice have the Switch loss.
    func decode(_ type: BalanceLoss.Type, forKey key: Key) throws -> BalanceLoss {
        try decodeIfPresent(type, forKey: key) ?? .switch
    }

    /// Runs that were begun before there was a choice balance each part.
    func decode(_ type: BalanceScope.Type, forKey key: Key) throws -> BalanceScope {
        try decodeIfPresent(type, forKey: key) ?? .part
    }
}

/// How much of all gates each expert has, over the mean.
private struct Importance {
    private let mean: Double
    private let relative: [Double]

    init(_ balance: BalanceSums) {
        let sums = balance.gates
        let mean = sums.reduce(0, +) / Double(max(sums.count, 1))
        self.mean = mean
        // Without rows nothing is uneven.
        relative = sums.map { mean > 0 ? $0 / mean : 1 }
    }

    /// Of the experts' importances: their variance over the square of their mean.
    var squaredVariation: Double {
        relative.reduce(0) { $0 + ($1 - 1) * ($1 - 1) } / Double(max(relative.count, 1))
    }

    /// That of `squaredVariation` with respect to each expert's importance.
    var gradient: [Double] {
        guard mean > 0 else { return relative.map { _ in 0 } }
        return relative.map { 2 * ($0 - 1 - squaredVariation) / (mean * Double(relative.count)) }
    }
}
