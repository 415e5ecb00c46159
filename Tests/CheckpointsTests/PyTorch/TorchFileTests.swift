import Checkpoints
import Foundation
import Testing

private func check(_ source: some WeightSource, against expected: [String: WeightFiles.Expected.Tensor]) throws {
    #expect(source.names == Set(expected.keys))
    for (name, tensor) in expected {
        if let type = tensor.type {
            let error = #expect(throws: CheckpointError.self) { try source.tensor(named: name) }
            guard case .unsupportedType(name, _, type) = error else {
                Issue.record("\(name): \(String(describing: error))")
                continue
            }
        } else {
            let stored = try source.tensor(named: name)
            #expect(stored.shape == tensor.shape, "\(name)")
            #expect(stored.floats() == tensor.values, "\(name)")
            #expect(stored.firstNonFinite() == nil)
        }
    }
}

@Suite struct TorchFileTests {
    @Test(arguments: WeightFiles.expected.files.keys.sorted())
    func readsWhatPyTorchWrote(name: String) throws {
        let expected = try #require(WeightFiles.expected.files[name])
        try check(TorchFile(path: WeightFiles.path("PyTorch/\(name).bin")), against: expected)
    }

    @Test(arguments: WeightFiles.expected.refused.keys.sorted())
    func saysWhatItCannotRead(name: String) throws {
        let file = WeightFiles.path("PyTorch/\(name).bin")
        let error = #expect(throws: CheckpointError.self) { try TorchFile(path: file) }
        let message = WeightFiles.expected.refused[name]?.replacingOccurrences(of: "{file}", with: file)
        #expect(error?.description == message)
    }

    @Test(arguments: ["views", "legacy-views", "deflated"])
    func rowsOfAnyViewAreConvertedOnTheirOwn(name: String) throws {
        let file = try TorchFile(path: WeightFiles.path("PyTorch/\(name).bin"))
        for name in file.names {
            let tensor = try file.tensor(named: name)
            let all = tensor.floats()
            for start in 0..<tensor.rows {
                for end in start + 1..<tensor.rows + 1 {
                    let wanted = Array(all[start * tensor.rowWidth..<end * tensor.rowWidth])
                    var rows = [Float](repeating: -1, count: wanted.count)
                    rows.withUnsafeMutableBufferPointer { tensor.convert(rows: start..<end, into: $0.baseAddress!) }
                    #expect(rows == wanted, "\(name) \(start)..<\(end)")
                }
            }
        }
    }

    @Test(arguments: ["aliases", "legacy-aliases"])
    func namesOfOneTensorCountAsOne(name: String) throws {
        let file = try TorchFile(path: WeightFiles.path("PyTorch/\(name).bin"))
        #expect(file.names.count == 4)
        #expect(file.storedNames == ["encoder.embed_tokens.weight", "other.weight"])
        #expect(file.storedName("shared.weight") == "encoder.embed_tokens.weight")
        #expect(file.storedName("encoder.embed_tokens.weight") == "encoder.embed_tokens.weight")
        #expect(file.storedName("absent") == nil)
    }

    @Test func theFirstNonFiniteElementOfAViewIsFound() throws {
        var bytes = try WeightFiles.bytes("PyTorch/legacy-views.bin")
        // Element 23 of the storage of 24 numbers, the last the file has as Float.
        let last = try #require(bytes.firstRange(of: Float(23).bitPattern.littleEndianBytes))
        bytes.replaceSubrange(last, with: Float.nan.bitPattern.littleEndianBytes)
        let file = try WeightFiles.open(bytes)
        #expect(try file.tensor(named: "transposed").firstNonFinite() == 23)
        #expect(try file.tensor(named: "turned").firstNonFinite() == 23)
        #expect(try file.tensor(named: "column").firstNonFinite() == 3)
        #expect(try file.tensor(named: "expanded").firstNonFinite() == nil)
    }

    @Test func aFileCutAnywhereIsRefused() throws {
        for name in ["mixed", "zip64", "streamed-deflated", "legacy-views", "legacy-protocol-4"] {
            let bytes = try WeightFiles.bytes("PyTorch/\(name).bin")
            for count in 0..<bytes.count {
                #expect(throws: CheckpointError.self, "\(name) cut to \(count) bytes") {
                    try WeightFiles.open(Array(bytes[..<count]))
                }
            }
        }
    }

    /// One bit of each byte, and its topmost: where there is a length, that makes it negative or past 63 bits.
    @Test func anyOneBitChangedIsReadOrRefusedButNeverTraps() throws {
        for name in ["aliases", "zip64", "deflated", "legacy-views"] {
            var bytes = try WeightFiles.bytes("PyTorch/\(name).bin")
            for index in bytes.indices {
                for bit in Set([UInt8(1) << UInt8(index % 8), 0x80]) {
                    bytes[index] ^= bit
                    if let file = try? WeightFiles.open(bytes) {
                        for name in file.names { _ = try? file.tensor(named: name).firstNonFinite() }
                    }
                    bytes[index] ^= bit
                }
            }
        }
    }

    /// The number of elements before a storage of the old format.
    @Test(arguments: [Int64(25), .max, -1, .min])
    func aCountThatTheFileHasNoRoomForIsRefused(count: Int64) throws {
        var bytes = try WeightFiles.bytes("PyTorch/legacy-views.bin")
        let zero = Float(0).bitPattern.littleEndianBytes
        let written = try #require(bytes.firstRange(of: Int64(24).littleEndianBytes + zero))
        bytes.replaceSubrange(written.lowerBound..<written.lowerBound + 8, with: count.littleEndianBytes)
        #expect(throws: CheckpointError.malformedLegacyFile(file: "f", problem: .endsEarly)) {
            try WeightFiles.open(bytes)
        }
    }
}

@Suite struct TorchDirectoryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func readsShards() throws {
        let checkpoint = try CheckpointDirectory(WeightFiles.path("PyTorch/sharded"))
        try check(checkpoint, against: WeightFiles.expected.sharded)
    }

    @Test func readsASingleFileAndReportsWhatIsNotUsed() throws {
        try directory.write(WeightFiles.bytes("PyTorch/aliases.bin"), to: "pytorch_model.bin")
        let checkpoint = try CheckpointDirectory(directory.path)
        #expect(checkpoint.unusedNames == ["encoder.embed_tokens.weight", "other.weight"])
        _ = try checkpoint.tensor(named: "lm_head.weight")
        #expect(checkpoint.unusedNames == ["other.weight"])
    }

    @Test func safetensorsArePreferred() throws {
        try directory.write("not read", to: "pytorch_model.bin")
        let header = "{" + SafetensorsText.entry("a", "F32", "[1]", "[0,4]") + "}"
        try directory.write(SafetensorsText.file(header, dataBytes: 4), to: "model.safetensors")
        #expect(try CheckpointDirectory(directory.path).names == ["a"])
    }

    @Test func aShardOfTheOtherFormatIsRefused() throws {
        try directory.write(#"{"weight_map": {"a": "1.safetensors"}}"#, to: "pytorch_model.bin.index.json")
        let index = directory.path + "/pytorch_model.bin.index.json"
        #expect(throws: CheckpointError.badShardName(index: index, tensor: "a", shard: "1.safetensors")) {
            try CheckpointDirectory(directory.path)
        }
    }
}
