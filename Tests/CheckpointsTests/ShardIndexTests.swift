import Checkpoints
import Testing

private func parse(_ text: String) throws(CheckpointError) -> ShardIndex {
    try ShardIndex(Array(text.utf8), file: "i", suffix: ".safetensors")
}

@Suite struct ShardIndexTests {
    @Test(arguments: ["", #""metadata": {"total_size": 8}, "#])
    func readsTheNamesOfFilesInOrder(metadata: String) throws {
        let map = #"{"c": "2.safetensors", "a": "10.safetensors", "b": "2.safetensors"}"#
        let index = try parse(#"{\#(metadata)"weight_map": \#(map)}"#)
        #expect(index.shards.map(\.name) == ["10.safetensors", "2.safetensors"])
        #expect(index.shards.map(\.tensor) == ["a", "b"])
    }

    @Test(arguments: [
        "../1.safetensors", "/1.safetensors", "a/1.safetensors", "..", ".", "", ".1.safetensors", "1.bin",
        "1.safetensors/..", #"1\u0000.safetensors"#,
    ])
    func aShardOutsideTheDirectoryIsRefused(name: String) {
        let error = #expect(throws: CheckpointError.self) { try parse(#"{"weight_map": {"a": "\#(name)"}}"#) }
        guard case .badShardName("i", "a", _) = error else {
            Issue.record("refused as \(String(describing: error))")
            return
        }
    }

    @Test(arguments: [
        "{}", #"{"weight_map": []}"#, #"{"weight_map": {}}"#, #"{"weight_map": {"a": 1}}"#, "[]", "null",
    ])
    func anIndexWithoutAWeightMapIsRefused(text: String) {
        let error = #expect(throws: CheckpointError.self) { try parse(text) }
        guard case .malformedIndex("i", _) = error else {
            Issue.record("refused as \(String(describing: error))")
            return
        }
    }

    @Test func aTensorPlacedTwiceIsRefused() {
        let text = #"{"weight_map": {"a": "1.safetensors", "a": "2.safetensors"}}"#
        #expect(throws: CheckpointError.malformedJSON(file: "i", reason: "the key 'a' is given twice at byte 58")) {
            try parse(text)
        }
    }
}
