import Checkpoints
package import JSON

/// How many tokens each expert of each sparse layer had, as `evaluate --json` and `/v1/experts` tell it.
package struct ExpertProfile: Equatable, Sendable {
    /// One sparse layer.
    package struct Layer: Equatable, Sendable {
        package var stack: SwitchConfiguration.Stack
        /// Index of the block in its stack, from 0.
        package var block: Int
        /// By expert; none is negative.
        package var tokens: [Int]

        package init(_ stack: SwitchConfiguration.Stack, block: Int, tokens: [Int]) {
            (self.stack, self.block, self.tokens) = (stack, block, tokens)
        }
    }

    package let layers: [Layer]

    /// The largest file that is read, in bytes.
    package static let maximumBytes = 1 << 28

    package init(_ layers: [Layer]) { self.layers = layers }

    /// - Throws: `PruningError.unreadable`.
    package init(file: String) throws(PruningError) {
        let bytes: [UInt8]
        let json: JSONValue
        do {
            bytes = try BoundedFile.read(file, limit: Self.maximumBytes)
            json = try JSONParser.parse(bytes, JSONRules(maximumDepth: 32))
        } catch {
            throw .unreadable(file: file, reason: "\(error)")
        }
        try self.init(json, file: file)
    }

    /// - Parameter file: its name, for errors.
    package init(_ json: JSONValue, file: String) throws(PruningError) {
        let entries = Self.entries(json)
        guard !entries.isEmpty else {
            throw .unreadable(file: file, reason: "it has no layers, as 'evaluate --json' and /v1/experts write them")
        }
        var layers: [Layer] = []
        for (stack, entry) in entries {
            guard let stack, let layer = Self.layer(stack, entry) else {
                throw .unreadable(file: file, reason: "a layer in it has no stack, block and numbers of tokens")
            }
            layers.append(layer)
        }
        self.layers = layers
    }

    /// Every layer of either layout, with the stack it says it is of.
    private static func entries(_ json: JSONValue) -> [(SwitchConfiguration.Stack?, JSONValue)] {
        guard case .object(let members) = json else { return [] }
        if case .array(let layers)? = members["layers"] {
            return layers.map { ($0["stack"].flatMap(\.asString).flatMap(SwitchConfiguration.Stack.init), $0) }
        }
        return SwitchConfiguration.Stack.allCases.flatMap { stack in
            guard case .array(let layers)? = members[stack.rawValue] else {
                return [] as [(SwitchConfiguration.Stack?, JSONValue)]
            }
            return layers.map { (stack, $0) }
        }
    }

    private static func layer(_ stack: SwitchConfiguration.Stack, _ entry: JSONValue) -> Layer? {
        guard let block = entry["block"]?.asInteger,
            case .array(let values)? = entry["tokens"] ?? entry["total"]?["tokens"]
        else { return nil }
        let tokens = values.compactMap(\.asInteger).filter { $0 >= 0 }
        return tokens.count == values.count ? Layer(stack, block: block, tokens: tokens) : nil
    }
}

extension JSONValue {
    fileprivate subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    fileprivate var asString: String? { if case .string(let text) = self { text } else { nil } }
}
