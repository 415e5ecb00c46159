import Tensors

/// The two losses that keep routers healthy, before they are multiplied with their weights.
package struct RouterLoss: Equatable, Sendable {
    /// Experts × Σ over experts of (share of rows) × (mean probability): 1 when balanced (Fedus and others 2021, equation 4),
    /// summed over layers.
    package var balance = 0.0
    /// The mean over rows of log(Σ exp(logit))² (Zoph and others 2022, equation 5), summed over layers.
    package var z = 0.0

    package mutating func add(_ other: RouterLoss, weight: Double = 1) {
        balance += weight * other.balance
        z += weight * other.z
    }

    /// The losses of one layer.
    ///
    /// - Parameter wanted: rows whose first choice is each expert.
    init(logits: FloatRows, probabilities: FloatRows, wanted: [Int]) {
        let rows = Double(max(logits.rows, 1))
        for (expert, wanted) in wanted.enumerated() {
            var sum = 0.0
            for row in 0..<probabilities.rows { sum += Double(probabilities[row, expert]) }
            balance += Double(wanted) / rows * sum / rows * Double(probabilities.columns)
        }
        for row in 0..<logits.rows {
            let logSum = Double(logits.logSum(row: row))
            z += logSum * logSum / rows
        }
    }

    init() {}
}
