import Tensors

/// The two losses that keep routers healthy, before they are multiplied with their weights.
package struct RouterLoss: Equatable, Sendable, Codable {
    /// What keeps experts evenly used, summed over layers.
    package var balance = 0.0
    /// The mean over rows of log(Σ exp(logit))² (Zoph and others 2022, equation 5), summed over layers.
    package var z = 0.0

    /// Adds another's losses, each times `weight`.
    package mutating func add(_ other: RouterLoss, weight: Double = 1) {
        balance += weight * other.balance
        z += weight * other.z
    }

    /// The losses of one layer, whose logits are `[rows, experts]`.
    init(_ balanceLoss: BalanceLoss, _ sums: BalanceSums, logits: FloatRows) {
        balance = balanceLoss.value(sums)
        let rows = Double(max(logits.rows, 1))
        for row in 0..<logits.rows {
            let logSum = Double(logits.logSum(row: row))
            z += logSum * logSum / rows
        }
    }

    init() {}
}
