import JSON

/// Which file of a sharded checkpoint holds each tensor (`model.safetensors.index.json`, `pytorch_model.bin.index.json`).
package struct ShardIndex: Equatable, Sendable {
    /// The longest index read, as long as the longest header of a safetensors file.
    package static let maximumBytes = 100_000_000

    /// From tensor name to a plain file name in the index's directory.
    package let shards: [String: String]

    /// - Parameters:
    ///   - file: the name of the index, for error messages.
    ///   - suffix: what the name of every shard ends with.
    package init(_ bytes: [UInt8], file: String, suffix: String) throws(CheckpointError) {
        let json: JSONValue
        do { json = try JSONParser.parse(bytes) } catch { throw .malformedJSON(file: file, reason: "\(error)") }
        guard case .object(let members) = json, case .object(let map) = members["weight_map"] else {
            throw .malformedIndex(file: file, reason: "it has no object named 'weight_map'")
        }
        guard !map.isEmpty else { throw .malformedIndex(file: file, reason: "its 'weight_map' is empty") }
        var shards: [String: String] = [:]
        for name in map.keys.sorted() {
            guard case .string(let shard) = map[name] else {
                throw .malformedIndex(file: file, reason: "the file of tensor \(quoted(name)) is not a string")
            }
            guard Self.isPlainName(shard), shard.hasSuffix(suffix) else {
                throw .badShardName(index: file, tensor: name, shard: shard)
            }
            shards[name] = shard
        }
        self.shards = shards
    }

    /// Whether `name` stays in its directory: no separator, no parent, nothing hidden, no NUL.
    private static func isPlainName(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".") && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }
}
