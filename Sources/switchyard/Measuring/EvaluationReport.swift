import Foundation
import SwitchModel
import Training

/// What `evaluate` prints.
struct EvaluationReport: Encodable {
    var loss: Double
    var perplexity: Double
    var accuracy: Double
    var tokens: Int
    var bleu: Double?
    var beams: Int?
    var layers: [Layer]

    /// One sparse layer.
    struct Layer: Encodable {
        var stack: String
        var block: Int
        var tokens: [Int]
        var dropped: Int
        var imbalance: Double
    }

    init(_ outcome: GradientWorkers.Outcome) {
        (loss, perplexity) = (outcome.loss.mean, outcome.loss.perplexity)
        (accuracy, tokens) = (outcome.loss.accuracy, outcome.loss.labels)
        layers = outcome.routing.map {
            Layer(
                stack: $0.stack.rawValue,
                block: $0.block,
                tokens: $0.tokens,
                dropped: $0.dropped,
                imbalance: $0.imbalance
            )
        }
    }

    var text: String {
        var lines = [
            String(format: "loss        %.4f nats a token, of %d", loss, tokens),
            String(format: "perplexity  %.3f", perplexity), String(format: "accuracy    %.2f%%", accuracy * 100),
        ]
        if let bleu, let beams { lines.append(String(format: "BLEU        %.2f (13a, exp, %d beams)", bleu, beams)) }
        for layer in layers {
            let tokens = layer.tokens.map(String.init).joined(separator: " ")
            lines.append(
                String(
                    format: "%@ block %d: imbalance %.2f, dropped %d, tokens ",
                    layer.stack,
                    layer.block,
                    layer.imbalance,
                    layer.dropped
                )
                    + tokens
            )
        }
        return lines.joined(separator: "\n")
    }
}
