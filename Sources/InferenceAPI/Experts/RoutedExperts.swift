import Generation

/// Where the tokens of one request went, sparse layer by sparse layer.
struct RoutedExperts: Encodable, Equatable, Sendable {
    /// One choice of one sparse layer; the arrays have one entry per token, in order.
    struct Layer: Encodable, Equatable, Sendable {
        var block: Int
        /// 0 for the experts the router likes best; where tokens go to several, 1 for their second choices and so on.
        var choice: Int
        var experts: [Int] = []
        /// The router's probability for the only expert, or the share of one of several in the sum of theirs.
        var gates: [Float] = []
        /// The expert was full and the token passed by it.
        var dropped: [Bool] = []
    }

    var encoder: [Layer]
    var decoder: [Layer]

    private struct Place: Hashable {
        var block: Int
        var choice: Int
    }

    /// Sorts routes into layers and their choices, within which they keep their order.
    static func layers(_ routes: [TokenRoute]) -> [Layer] {
        var layers: [Place: Layer] = [:]
        for route in routes {
            let place = Place(block: route.block, choice: route.choice)
            layers[place, default: Layer(block: route.block, choice: route.choice)].experts.append(route.expert)
            layers[place]?.gates.append(route.gate.ifFinite ?? 0)
            layers[place]?.dropped.append(route.isDropped)
        }
        return layers.values.sorted { ($0.block, $0.choice) < ($1.block, $1.choice) }
    }
}
