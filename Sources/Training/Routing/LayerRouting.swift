package import SwitchModel

/// What the router of one sparse layer did with the rows of a pass.
package struct LayerRouting: Equatable, Sendable, Codable {
    package let stack: SwitchConfiguration.Stack
    /// Block index of the layer.
    package let block: Int
    /// Choices of each expert, dropped ones included: a row that goes to two experts counts for both.
    package private(set) var tokens: [Int]
    /// Choices that found their expert full.
    package private(set) var dropped: Int
    /// The sum of the gates of what was computed.
    package private(set) var gateSum: Double

    init(stack: SwitchConfiguration.Stack, block: Int, _ assignment: ExpertAssignment) {
        self.stack = stack
        self.block = block
        tokens = assignment.wanted
        dropped = assignment.dropped
        gateSum = assignment.entries.reduce(0) { $0 + Double($1.gate) }
    }

    init(stack: SwitchConfiguration.Stack, block: Int, tokens: [Int], dropped: Int = 0, gateSum: Double = 0) {
        (self.stack, self.block, self.tokens) = (stack, block, tokens)
        (self.dropped, self.gateSum) = (dropped, gateSum)
    }

    /// Choices of all rows.
    package var total: Int { tokens.reduce(0, +) }

    /// The largest expert's choices by the mean: 1 when balanced.
    package var imbalance: Double {
        guard let most = tokens.max(), total > 0 else { return 1 }
        return Double(most * tokens.count) / Double(total)
    }

    /// Of all choices, those that were dropped.
    package var droppedShare: Double { total > 0 ? Double(dropped) / Double(total) : 0 }

    /// Adds what the same router did with other rows.
    package mutating func add(_ other: LayerRouting) {
        precondition(other.stack == stack && other.block == block && other.tokens.count == tokens.count)
        for expert in tokens.indices { tokens[expert] += other.tokens[expert] }
        dropped += other.dropped
        gateSum += other.gateSum
    }

    /// Adds up routings layer by layer.
    package static func sum(_ parts: [[LayerRouting]]) -> [LayerRouting] {
        guard var sum = parts.first else { return [] }
        for part in parts.dropFirst() {
            for (index, routing) in part.enumerated() { sum[index].add(routing) }
        }
        return sum
    }
}
