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
        routing.flatMap { layer in
            (0..<layer.choices).map { choice in
                let place = row * layer.choices + choice
                return TokenRoute(
                    position: position,
                    block: layer.block,
                    choice: choice,
                    expert: Int(layer.experts[place]),
                    gate: layer.gates[place],
                    isDropped: layer.isDropped[place]
                )
            }
        }
    }
}

extension LayerLoad {
    fileprivate init(_ routing: RoutingPlan) {
        var tokens = [Int](repeating: 0, count: routing.expertCount)
        var dropped = tokens
        var gates = [Double](repeating: 0, count: routing.expertCount)
        for (place, expert) in routing.experts.enumerated() {
            if routing.isDropped[place] {
                dropped[Int(expert)] += 1
            } else {
                tokens[Int(expert)] += 1
                gates[Int(expert)] += Double(routing.gates[place])
            }
        }
        let choices = Double(routing.choices)
        self.init(
            tokens: tokens,
            dropped: dropped,
            gateSums: gates,
            entropySum: choices * routing.entropySum,
            topProbabilitySum: choices * routing.topProbabilitySum
        )
    }
}
