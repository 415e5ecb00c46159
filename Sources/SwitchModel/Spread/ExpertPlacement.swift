/// Which ranks have each expert.
package struct ExpertPlacement: Equatable, Sendable {
    /// By sparse layer, in the order they run, and by expert: its ranks, at least one, rising.
    package let owners: [[[Int]]]

    /// As many experts of each layer at every rank, give or take one; neighbours together.
    package init(layers: Int, experts: Int, ranks: Int) {
        owners = Array(repeating: (0..<experts).map { [$0 * ranks / experts] }, count: layers)
    }

    init(trusted owners: [[[Int]]]) { self.owners = owners }

    /// A placement that somebody wrote.
    ///
    /// - Throws: what is wrong with it for a model and job of that size.
    package init(owners: [[[Int]]], layers: Int, experts: Int, ranks: Int) throws(ExpertPlacementError) {
        guard owners.count == layers else { throw .layers(found: owners.count, expected: layers) }
        for (layer, ofLayer) in owners.enumerated() {
            guard ofLayer.count == experts else {
                throw .experts(layer: layer, found: ofLayer.count, expected: experts)
            }
            for (expert, owners) in ofLayer.enumerated() {
                guard !owners.isEmpty else { throw .nowhere(layer: layer, expert: expert) }
                if let stranger = owners.first(where: { !(0..<ranks).contains($0) }) {
                    throw .rank(layer: layer, expert: expert, rank: stranger, ranks: ranks)
                }
                guard Set(owners).count == owners.count else { throw .twice(layer: layer, expert: expert) }
            }
        }
        self.owners = owners.map { $0.map { $0.sorted() } }
    }

    /// The experts that a rank has over all there are, from 0 to 1.
    package func share(of rank: Int) -> Double {
        let all = owners.reduce(0) { $0 + $1.count }
        let own = owners.reduce(0) { $0 + $1.count { $0.contains(rank) } }
        return all == 0 ? 0 : Double(own) / Double(all)
    }

    /// One line of digits, the same for the same placement.
    package var summary: String {
        owners.map { $0.map { $0.map(String.init).joined(separator: "+") }.joined(separator: " ") }
            .joined(separator: ", ")
    }
}

/// What is wrong with a placement of experts.
package enum ExpertPlacementError: Error, Equatable, Sendable {
    case layers(found: Int, expected: Int)
    case experts(layer: Int, found: Int, expected: Int)
    case rank(layer: Int, expert: Int, rank: Int, ranks: Int)
    case nowhere(layer: Int, expert: Int)
    case twice(layer: Int, expert: Int)
}

extension ExpertPlacementError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .layers(let found, let expected):
            "it places experts of \(found) layers, the model has \(expected) sparse ones"
        case .experts(let layer, let found, let expected):
            "it places \(found) experts of sparse layer \(layer), which has \(expected)"
        case .rank(let layer, let expert, let rank, let ranks):
            "it places expert \(expert) of sparse layer \(layer) at rank \(rank) of \(ranks)"
        case .nowhere(let layer, let expert):
            "it places expert \(expert) of sparse layer \(layer) at no rank"
        case .twice(let layer, let expert):
            "it places expert \(expert) of sparse layer \(layer) twice at one rank"
        }
    }
}
