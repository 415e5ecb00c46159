import JSON

/// The files of a sharded checkpoint (`model.safetensors.index.json`, `pytorch_model.bin.index.json`).
///
/// An index also says which file holds which tensor. Like transformers, nobody here relies on that: it is what the files
/// hold that counts.
package struct ShardIndex: Sendable {
    /// The longest index read, as long as the longest header of a safetensors file.
    package static let maximumBytes = 100_000_000

    /// The plain names of files in the index's directory, by code points, each with the first tensor it is named for.
    package let shards: [(name: String, tensor: String)]

    /// Every tensor it names.
    package let tensors: Set<String>

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
        var firstTensors: [String: String] = [:]
        for name in map.names.sorted() {
            guard case .string(let shard) = map[name] else {
                throw .malformedIndex(file: file, reason: "the file of tensor \(quoted(name)) is not a string")
            }
            guard Self.isPlainName(shard), shard.hasSuffix(suffix) else {
                throw .badShardName(index: file, tensor: name, shard: shard)
            }
            if firstTensors[shard] == nil { firstTensors[shard] = name }
        }
        tensors = Set(map.names)
        shards = firstTensors.map { (name: $0, tensor: $1) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Whether `name` stays in its directory: no separator, no parent, nothing hidden, no NUL.
    private static func isPlainName(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".") && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }
}
