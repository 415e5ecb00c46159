import Foundation
import SwitchModel

@testable import Training

extension PlainLayers {
    /// The output, and the router losses times their weights.
    ///
    /// - Parameter groups: rows that share a capacity.
    func sparseFeedForward(
        _ x: Rows,
        _ scope: String,
        groups: [Range<Int>],
        capacity: Int,
        _ regularization: Regularization
    ) -> (output: Rows, loss: Double) {
        let normed = norm(x, scope + ".layer_norm")
        let bias = parameters[scope + ".mlp.router.classifier.bias"]
        let logits = linear(normed, scope + ".mlp.router.classifier.weight").map { row in
            bias.map { zip(row, $0).map(+) } ?? row
        }
        let probabilities = logits.map(softmax)
        let ranked = probabilities.map { row in
            Array(row.indices.sorted { row[$0] != row[$1] ? row[$0] > row[$1] : $0 < $1 }.prefix(configuration.choices))
        }
        let gates = zip(probabilities, ranked).map { row, ranked in
            let chosen = ranked.count == 1 ? 1 : ranked.reduce(0) { $0 + row[$1] }
            return ranked.map { row[$0] / chosen }
        }
        var output = x
        for group in groups {
            var taken = Array(repeating: 0, count: logits[0].count)
            for choice in 0..<configuration.choices {
                for row in group where taken[ranked[row][choice]] < capacity {
                    let expert = ranked[row][choice]
                    taken[expert] += 1
                    let result = self.expert([normed[row]], scope + ".mlp.experts.expert_\(expert)")[0]
                    for column in output[row].indices { output[row][column] += gates[row][choice] * result[column] }
                }
            }
        }
        let balance =
            switch regularization.balanceLoss {
            case .switch: switchLoss(probabilities, ranked)
            case .squared: squaredLoss(experts: logits[0].count, ranked, gates)
            }
        let loss = Double(regularization.balance) * balance + Double(regularization.routerZ) * zLoss(logits)
        return (output, loss)
    }

    private func switchLoss(_ probabilities: Rows, _ ranked: [[Int]]) -> Double {
        let (rows, experts) = (Double(probabilities.count), probabilities[0].count)
        return (0..<experts).reduce(0) { sum, expert in
            let share = Double(ranked.filter { $0[0] == expert }.count) / rows
            return sum + Double(experts) * share * probabilities.reduce(0) { $0 + $1[expert] } / rows
        }
    }

    private func squaredLoss(experts: Int, _ ranked: [[Int]], _ gates: Rows) -> Double {
        var importance = Array(repeating: 0.0, count: experts)
        for (ranked, gates) in zip(ranked, gates) {
            for (expert, gate) in zip(ranked, gates) { importance[expert] += gate }
        }
        let mean = importance.reduce(0, +) / Double(experts)
        let variance = importance.reduce(0) { $0 + pow($1 - mean, 2) } / Double(experts)
        return variance / (mean * mean)
    }

    private func zLoss(_ logits: Rows) -> Double {
        logits.reduce(0) { $0 + pow(log($1.reduce(0) { $0 + exp($1) }), 2) } / Double(logits.count)
    }
}
