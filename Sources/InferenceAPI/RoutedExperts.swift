import Generation

/// Where the tokens of one request went, sparse layer by sparse layer.
struct RoutedExperts: Encodable, Equatable, Sendable {
    /// One sparse layer; the arrays have one entry per token, in order.
    struct Layer: Encodable, Equatable, Sendable {
        var block: Int
        var experts: [Int] = []
        /// The router's probability for the expert.
        var gates: [Float] = []
        /// The expert was full and the token passed by it.
        var dropped: [Bool] = []
    }

    var encoder: [Layer]
    var decoder: [Layer]

    /// Sorts routes into layers, within which they keep their order.
    static func layers(_ routes: [TokenRoute]) -> [Layer] {
        var layers: [Int: Layer] = [:]
        for route in routes {
            layers[route.block, default: Layer(block: route.block)].experts.append(route.expert)
            layers[route.block]?.gates.append(route.gate.finite)
            layers[route.block]?.dropped.append(route.isDropped)
        }
        return layers.values.sorted { $0.block < $1.block }
    }
}
