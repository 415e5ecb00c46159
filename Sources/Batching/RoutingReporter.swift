import Generation
import SwitchModel
import Telemetry

/// Turns what the routers did in a pass into the load of every expert, and into the routes of single tokens.
struct RoutingReporter {
    private let load: ExpertLoad
    private let layers: [LayerKey: Int]

    private struct LayerKey: Hashable {
        let stack: ModelStack
        let block: Int
    }

    init(_ load: ExpertLoad) {
        self.load = load
        layers = Dictionary(
            uniqueKeysWithValues: load.layers.enumerated().map {
                (LayerKey(stack: $1.stack, block: $1.block), $0)
            }
        )
    }

    /// Counts a pass.
    func record(_ routing: [RoutingPlan]) {
        for layer in routing {
            let key = LayerKey(stack: layer.stack == .decoder ? .decoder : .encoder, block: layer.block)
            guard let index = layers[key] else { continue }
            load.record(LayerLoad(layer), layer: index)
        }
    }

    /// Where one row of a pass went, layer by layer.
    func routes(of row: Int, position: Int, in routing: [RoutingPlan]) -> [TokenRoute] {
        routing.map { layer in
            TokenRoute(
                position: position,
                block: layer.block,
                expert: Int(layer.experts[row]),
                gate: layer.gates[row],
                isDropped: layer.isDropped[row]
            )
        }
    }
}

extension LayerLoad {
    fileprivate init(_ routing: RoutingPlan) {
        var tokens = [Int](repeating: 0, count: routing.expertCount)
        var dropped = tokens
        var gates = [Double](repeating: 0, count: routing.expertCount)
        var topProbabilitySum = 0.0
        for row in routing.experts.indices {
            let expert = Int(routing.experts[row])
            let gate = Double(routing.gates[row])
            topProbabilitySum += gate
            if routing.isDropped[row] {
                dropped[expert] += 1
            } else {
                tokens[expert] += 1
                gates[expert] += gate
            }
        }
        self.init(
            tokens: tokens,
            dropped: dropped,
            gateSums: gates,
            entropySum: routing.entropySum,
            topProbabilitySum: topProbabilitySum
        )
    }
}
