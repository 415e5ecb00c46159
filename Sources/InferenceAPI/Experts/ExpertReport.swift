import Foundation
import JSON
package import Telemetry

/// The answer of `GET /v1/experts`: the load of every expert of every sparse layer.
package struct ExpertReport: Encodable, Sendable {
    /// One sparse layer since start, and over the window.
    package struct LayerTotals: Sendable {
        package var layer: ExpertLoad.Layer
        package var total: LayerLoad
        package var window: LayerLoad
        /// By expert, the ranks that have it; nil where the process that answers has all.
        package var ranks: [[Int]]?

        package init(layer: ExpertLoad.Layer, total: LayerLoad, window: LayerLoad, ranks: [[Int]]? = nil) {
            self.layer = layer
            self.total = total
            self.window = window
            self.ranks = ranks
        }
    }

    struct Layer: Encodable, Sendable {
        var block: Int
        var experts: Int
        var ranks: [[Int]]?
        var total: LayerSummary
        var window: LayerSummary
    }

    let object = "expert_load"
    let windowSeconds: Double
    let encoder: [Layer]
    let decoder: [Layer]

    enum CodingKeys: String, CodingKey {
        case object, encoder, decoder
        case windowSeconds = "window_seconds"
    }

    /// Sorts layers by stack, each in the order given, and sums up what every expert did.
    ///
    /// - Parameter windowSeconds: how long each layer's window is.
    package init(layers: [LayerTotals], windowSeconds: Double) {
        func of(_ stack: ModelStack) -> [Layer] {
            layers.filter { $0.layer.stack == stack }.map {
                Layer(
                    block: $0.layer.block,
                    experts: $0.layer.experts,
                    ranks: $0.ranks,
                    total: LayerSummary($0.total),
                    window: LayerSummary($0.window)
                )
            }
        }
        self.windowSeconds = windowSeconds
        encoder = of(.encoder)
        decoder = of(.decoder)
    }
}

/// What the load of one layer amounts to; what no token defines is nil.
///
/// A token that goes to several experts counts once for each.
struct LayerSummary: Encodable, Sendable {
    var tokens: [Int]
    var share: [Double]
    var dropped: [Int]
    var meanGate: [Double?]
    var totalTokens: Int
    var totalDropped: Int
    /// Tokens of the busiest expert over the mean.
    @OrNull var imbalance: Double? = nil
    /// Entropy of the shares over that of an even load.
    @OrNull var normalizedEntropy: Double? = nil
    /// Of the router's distribution, in nats.
    @OrNull var meanRouterEntropy: Double? = nil
    @OrNull var meanTopProbability: Double? = nil
    var deadExperts: Int

    enum CodingKeys: String, CodingKey {
        case tokens, share, dropped, imbalance
        case meanGate = "mean_gate"
        case totalTokens = "total_tokens"
        case totalDropped = "total_dropped"
        case normalizedEntropy = "normalized_entropy"
        case meanRouterEntropy = "mean_router_entropy"
        case meanTopProbability = "mean_top_probability"
        case deadExperts = "dead_experts"
    }

    init(_ load: LayerLoad) {
        let total = load.tokens.reduce(0, +)
        let sum = Double(total)
        let shares = load.tokens.map { total > 0 ? Double($0) / sum : 0 }
        tokens = load.tokens
        share = shares
        dropped = load.dropped
        meanGate = zip(load.gateSums, load.tokens).map { $1 > 0 ? ($0 / Double($1)).orNilUnlessFinite : nil }
        totalTokens = total
        totalDropped = load.dropped.reduce(0, +)
        deadExperts = load.tokens.count { $0 == 0 }
        let routed = Double(total + totalDropped)
        guard total > 0 else { return }
        imbalance = (shares.max() ?? 0) * Double(shares.count)
        let entropy = -shares.reduce(0) { $1 > 0 ? $0 + $1 * log($1) : $0 }
        normalizedEntropy = shares.count > 1 ? entropy / log(Double(shares.count)) : 1
        meanRouterEntropy = (load.entropySum / routed).orNilUnlessFinite
        meanTopProbability = (load.topProbabilitySum / routed).orNilUnlessFinite
    }
}

extension Double {
    fileprivate var orNilUnlessFinite: Double? { isFinite ? self : nil }
}
