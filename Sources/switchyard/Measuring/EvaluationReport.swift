import Foundation
import SwitchModel
import Training

/// What `evaluate` prints.
struct EvaluationReport: Encodable {
    /// Nats a token.
    var loss: Double
    /// e to the loss.
    var perplexity: Double
    /// The share of tokens that were the most probable one, from 0 to 1.
    var accuracy: Double
    /// Tokens the loss is the mean of: those of targets, their ends included, or of text.
    var tokens: Int
    /// From 0 to 100; nil where nothing was translated.
    var bleu: Double?
    /// Those translations were searched with; nil where nothing was translated.
    var beams: Int?
    var layers: [Layer]

    /// One sparse layer.
    struct Layer: Encodable {
        var stack: String
        /// Index of the block in its stack, from 0.
        var block: Int
        /// Choices of each expert, dropped ones included: `[experts]`.
        var tokens: [Int]
        /// Choices that found their expert full.
        var dropped: Int
        /// The largest expert's choices by the mean: 1 when balanced.
        var imbalance: Double
    }

    /// What one pass over all examples found; translations are added later.
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
