import Checkpoints
import JSON

/// Which experts of each sparse layer stay in a model: the most used ones, as many in every layer.
///
/// Tokens of an expert that is left out go to the best of those that stay: the router no longer knows the others, and its
/// probabilities are of those that stay alone (Koishekenov and others, 2022).
package struct ExpertPruning: Equatable, Sendable {
    /// One sparse layer.
    package struct Layer: Equatable, Sendable {
        package let stack: SwitchConfiguration.Stack
        /// Of the stack, from 0.
        package let block: Int
        /// In the order they had.
        package let kept: [Int]
        /// Of the tokens in the profile, those that had gone to these, from 0 to 1.
        package let share: Double
    }

    package let layers: [Layer]
    /// Experts of a layer before and after.
    package let experts: (before: Int, after: Int)
    private let capacity: Int

    /// Whether the same experts stay.
    package static func == (one: ExpertPruning, other: ExpertPruning) -> Bool {
        one.layers == other.layers && one.experts == other.experts && one.capacity == other.capacity
    }

    /// - Parameter share: of a layer's experts, how many stay, from above 0 to 1; at least as many as a token goes to.
    ///
    /// - Throws: `PruningError` for a model without experts and for the profile of another one.
    package init(
        _ profile: ExpertProfile,
        _ configuration: SwitchConfiguration,
        keeping share: Double
    ) throws(PruningError) {
        guard configuration.sparseLayers > 0 else { throw .noExperts }
        let before = configuration.experts
        let after = min(before, max(configuration.choices, Int((Double(before) * share).rounded(.up))))
        var layers: [Layer] = []
        for stack in SwitchConfiguration.Stack.allCases {
            for block in configuration.sparseBlocks(in: stack) {
                let found = profile.layers.first { $0.stack == stack && $0.block == block }
                guard let tokens = found?.tokens else { throw .missingLayer(stack: stack.rawValue, block: block) }
                guard tokens.count == before else {
                    throw .otherExperts(stack: stack.rawValue, block: block, found: tokens.count, expected: before)
                }
                let total = tokens.reduce(0.0) { $0 + Double($1) }
                guard total > 0 else { throw .unusedLayer(stack: stack.rawValue, block: block) }
                let ranked = tokens.indices.sorted { (tokens[$1], $0) < (tokens[$0], $1) }
                let kept = ranked.prefix(after).sorted()
                let used = kept.reduce(0.0) { $0 + Double(tokens[$1]) }
                layers.append(Layer(stack: stack, block: block, kept: kept, share: used / total))
            }
        }
        self.layers = layers
        experts = (before, after)
        // Fewer experts take more tokens each.
        let grown = (Double(configuration.expertCapacity) * Double(before) / Double(after)).rounded(.up)
        capacity = Int(min(grown, Double(Int32.max)))
    }

    /// Of all layers together, the share of tokens that had gone to experts that stay, from 0 to 1.
    package var share: Double { layers.reduce(0) { $0 + $1.share } / Double(max(layers.count, 1)) }

    /// The key of `config.json` that says how many experts there were.
    static let key = "switchyard_pruned_from"

    /// The configuration of what is left.
    package func applied(to configuration: SwitchConfiguration) -> SwitchConfiguration {
        var pruned = configuration
        (pruned.experts, pruned.expertCapacity, pruned.prunedFrom) = (experts.after, capacity, experts.before)
        return pruned
    }

    /// A `config.json` for what is left.
    ///
    /// - Throws: `ConfigurationError.malformedJSON`.
    package func text(_ configuration: [UInt8]) throws(ConfigurationError) -> String {
        let json: JSONValue
        do {
            json = try JSONParser.parse(configuration, JSONRules(maximumDepth: 32))
        } catch {
            throw .malformedJSON(file: "config.json", reason: "\(error)")
        }
        guard case .object(var members) = json else {
            throw .malformedJSON(file: "config.json", reason: "it is \(json.summary), expected an object")
        }
        members["num_experts"] = .integer(experts.after)
        members["expert_capacity"] = .integer(capacity)
        members[Self.key] = .integer(experts.before)
        return JSONDocument(.object(members)).text
    }

    /// What a model's card says of it.
    package var card: String {
        let rows = layers.map { layer in
            let kept = layer.kept.map(String.init).joined(separator: " ")
            return "| \(layer.stack.rawValue) | \(layer.block) | \(kept) | \(Int((layer.share * 100).rounded())) % |"
        }
        let opening = [
            "## Pruned", "",
            "\(experts.after) of \(experts.before) experts of each sparse layer are left, those that had most tokens of a",
            "profile; tokens of the others go to the best of those that are left.", "",
            "| stack | block | experts left, by their old numbers | of the profile's tokens |", "|---|---|---|---|",
        ]
        return (opening + rows + [""]).joined(separator: "\n")
    }
}
