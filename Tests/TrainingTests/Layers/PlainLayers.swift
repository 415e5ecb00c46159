import Foundation
import SwitchModel
import Tensors

/// Every layer's definition as plain loops over Double, by the names of its parameters: what the trainer's layers are
/// checked against.
struct PlainLayers {
    /// Rows of numbers.
    typealias Rows = [[Double]]

    var parameters: [String: [Double]]
    var configuration: SwitchConfiguration

    func matrix(_ name: String, columns: Int) -> Rows {
        let all = parameters[name] ?? []
        return stride(from: 0, to: all.count, by: columns).map { Array(all[$0..<$0 + columns]) }
    }

    func linear(_ x: Rows, _ name: String) -> Rows {
        let weight = matrix(name, columns: x[0].count)
        return x.map { row in weight.map { zip($0, row).reduce(0) { $0 + $1.0 * $1.1 } } }
    }

    func norm(_ x: Rows, _ name: String) -> Rows {
        let scale = parameters[name + ".weight"] ?? []
        return x.map { row in
            let mean = row.reduce(0) { $0 + $1 * $1 } / Double(row.count)
            let inverse = 1 / (mean + Double(configuration.layerNormEpsilon)).squareRoot()
            return zip(row, scale).map { $0 * inverse * $1 }
        }
    }

    func softmax(_ row: [Double]) -> [Double] {
        let largest = row.max() ?? 0
        let powers = row.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    private func product(_ left: Rows, _ right: Rows) -> Rows { zip(left, right).map { zip($0, $1).map(*) } }

    func sum(_ left: Rows, _ right: Rows) -> Rows { zip(left, right).map { zip($0, $1).map(+) } }

    /// What one query sees: keys with the bias of their distance.
    struct View {
        var queries: Range<Int>
        var keys: Range<Int>
        var isCausal: Bool
        /// By distance, for each head; nil for none.
        var bias: ((_ head: Int, _ distance: Int) -> Double)?
    }

    func attention(_ queries: Rows, _ keys: Rows, _ values: Rows, _ views: [View]) -> Rows {
        let (heads, width) = (configuration.heads, configuration.headWidth)
        var context = queries.map { _ in Array(repeating: 0.0, count: heads * width) }
        for view in views {
            for head in 0..<heads {
                let columns = head * width..<(head + 1) * width
                for query in view.queries {
                    let position = query - view.queries.lowerBound
                    let seen = view.isCausal ? view.keys.prefix(position + 1) : view.keys[...]
                    let scores = seen.map { key in
                        columns.reduce(0) { $0 + queries[query][$1] * keys[key][$1] }
                            + (view.bias?(head, key - view.keys.lowerBound - position) ?? 0)
                    }
                    for (key, probability) in zip(seen, softmax(scores)) {
                        for column in columns { context[query][column] += probability * values[key][column] }
                    }
                }
            }
        }
        return context
    }

    func selfAttention(
        _ x: Rows,
        _ scope: String,
        in stack: SwitchConfiguration.Stack,
        _ sequences: [Range<Int>]
    ) -> Rows {
        let normed = norm(x, scope + ".layer_norm")
        let inner = scope + ".SelfAttention"
        let buckets = matrix(inner + ".relative_attention_bias.weight", columns: configuration.heads)
        let views = sequences.map { sequence in
            View(queries: sequence, keys: sequence, isCausal: stack == .decoder) { head, distance in
                let bucket = RelativePositionBias.bucket(
                    of: distance,
                    isBidirectional: stack == .encoder,
                    count: configuration.relativeBuckets,
                    maximumDistance: configuration.relativeMaxDistance
                )
                return buckets[bucket][head]
            }
        }
        let context = attention(
            linear(normed, inner + ".q.weight"),
            linear(normed, inner + ".k.weight"),
            linear(normed, inner + ".v.weight"),
            views
        )
        return sum(x, linear(context, inner + ".o.weight"))
    }

    func crossAttention(_ x: Rows, _ encoded: Rows, _ scope: String, _ views: [View]) -> Rows {
        let inner = scope + ".EncDecAttention"
        let context = attention(
            linear(norm(x, scope + ".layer_norm"), inner + ".q.weight"),
            linear(encoded, inner + ".k.weight"),
            linear(encoded, inner + ".v.weight"),
            views
        )
        return sum(x, linear(context, inner + ".o.weight"))
    }

    /// - Parameter factors: what stands between the products is multiplied with.
    func expert(_ x: Rows, _ scope: String, _ factors: Rows? = nil) -> Rows {
        let kind = configuration.feedForward
        let inner = linear(x, scope + "." + kind.innerNames[0] + ".weight").map {
            $0.map { activated($0, kind.activation) }
        }
        let gates = kind.isGated ? linear(x, scope + "." + kind.innerNames[1] + ".weight") : nil
        let hidden = gates.map { product(inner, $0) } ?? inner
        return linear(factors.map { product(hidden, $0) } ?? hidden, scope + ".wo.weight")
    }

    private func activated(_ x: Double, _ activation: Activation) -> Double {
        switch activation {
        case .relu: max(0, x)
        case .gelu: x * (1 + erf(x / 2.0.squareRoot())) / 2
        case .geluTanh: x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
        case .silu: x / (1 + exp(-x))
        }
    }

    func denseFeedForward(_ x: Rows, _ scope: String) -> Rows {
        sum(x, expert(norm(x, scope + ".layer_norm"), scope + ".mlp"))
    }

    /// Mean over labels of the smoothed cross-entropy.
    func loss(_ states: Rows, _ head: String, _ labels: [Int32], smoothing: Double) -> Double {
        let logits = linear(states, head)
        var sum = 0.0
        for (row, label) in zip(logits, labels) where label >= 0 {
            let logProbabilities = softmax(row).map { log($0) }
            sum -= (1 - smoothing) * logProbabilities[Int(label)]
            sum -= smoothing * logProbabilities.reduce(0, +) / Double(row.count)
        }
        return sum / Double(labels.filter { $0 >= 0 }.count)
    }
}
