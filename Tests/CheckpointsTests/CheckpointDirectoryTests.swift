import Checkpoints
import Foundation
import Testing

@Suite struct CheckpointDirectoryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func writeShard(_ name: String, tensors: [String], metadata: String = "{}") throws {
        let entries = tensors.enumerated().map {
            SafetensorsText.entry($0.element, "F32", "[1]", "[\($0.offset * 4),\($0.offset * 4 + 4)]")
        }
        let header = #"{"__metadata__":\#(metadata),"# + entries.joined(separator: ",") + "}"
        try directory.write(SafetensorsText.file(header, dataBytes: tensors.count * 4), to: name)
    }

    private func writeIndex(_ map: String) throws {
        try directory.write(#"{"weight_map": \#(map)}"#, to: "model.safetensors.index.json")
    }

    private func refusal() -> CheckpointError? {
        do {
            _ = try CheckpointDirectory(directory.path)
            return nil
        } catch {
            return error
        }
    }

    @Test func readsASingleFileAndReportsWhatIsNotUsed() throws {
        try writeShard("model.safetensors", tensors: ["a", "b"])
        let checkpoint = try CheckpointDirectory(directory.path)
        #expect(checkpoint.names == ["a", "b"])
        #expect(checkpoint.unusedNames == ["a", "b"])
        #expect(try checkpoint.tensor(named: "b").floats() == [Float(bitPattern: 0x0706_0504)])
        #expect(checkpoint.unusedNames == ["a"])
    }

    @Test func readsShards() throws {
        try writeShard("1.safetensors", tensors: ["a"])
        try writeShard("2.safetensors", tensors: ["b", "c"])
        try writeIndex(#"{"a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors"}"#)
        let checkpoint = try CheckpointDirectory(directory.path)
        #expect(checkpoint.names == ["a", "b", "c"])
        #expect(try checkpoint.tensor(named: "c").floats() == [Float(bitPattern: 0x0706_0504)])
    }

    @Test func anAliasInTheMetadataStandsForItsTensor() throws {
        try writeShard("model.safetensors", tensors: ["a"], metadata: #"{"alias":"a","format":"pt"}"#)
        let checkpoint = try CheckpointDirectory(directory.path)
        #expect(checkpoint.names == ["a", "alias"])
        #expect(try checkpoint.tensor(named: "alias").floats() == [Float(bitPattern: 0x0302_0100)])
        #expect(checkpoint.unusedNames == [])
    }

    @Test func aMissingTensorIsNamed() throws {
        try writeShard("model.safetensors", tensors: ["a"])
        let checkpoint = try CheckpointDirectory(directory.path)
        let file = directory.path + "/model.safetensors"
        #expect(throws: CheckpointError.missingTensor(name: "x", files: [file])) { try checkpoint.tensor(named: "x") }
    }

    @Test func integersAreNotWeights() throws {
        let header = "{" + SafetensorsText.entry("a", "I32", "[1]", "[0,4]") + "}"
        try directory.write(SafetensorsText.file(header, dataBytes: 4), to: "model.safetensors")
        let checkpoint = try CheckpointDirectory(directory.path)
        let file = directory.path + "/model.safetensors"
        #expect(throws: CheckpointError.unsupportedType(name: "a", file: file, type: "I32")) {
            try checkpoint.tensor(named: "a")
        }
    }

    @Test func aMissingShardIsNamed() throws {
        try writeIndex(#"{"a": "1.safetensors"}"#)
        let index = directory.path + "/model.safetensors.index.json"
        #expect(refusal() == .missingShard(index: index, tensor: "a", shard: "1.safetensors"))
    }

    @Test func anIndexThatNamesTheWrongFilesIsStillRead() throws {
        try writeShard("1.safetensors", tensors: ["a"])
        try writeShard("2.safetensors", tensors: ["b", "c"])
        try writeIndex(#"{"a": "2.safetensors", "b": "1.safetensors", "c": "1.safetensors"}"#)
        let checkpoint = try CheckpointDirectory(directory.path)
        #expect(checkpoint.names == ["a", "b", "c"])
        #expect(try checkpoint.tensor(named: "c").floats() == [Float(bitPattern: 0x0706_0504)])
        #expect(try checkpoint.tensor(named: "a").file == directory.path + "/1.safetensors")
    }

    @Test func tensorsTheIndexDoesNotNameAreFound() throws {
        try writeShard("1.safetensors", tensors: ["a", "extra"])
        try writeIndex(#"{"a": "1.safetensors"}"#)
        let checkpoint = try CheckpointDirectory(directory.path)
        #expect(try checkpoint.tensor(named: "extra").floats() == [Float(bitPattern: 0x0706_0504)])
        #expect(checkpoint.unusedNames == ["a"] && checkpoint.claimedNames == ["a", "extra"])
    }

    @Test(arguments: ["1.safetensors", "10.safetensors", "2.safetensors"])
    func ofSeveralFilesWithATensorTheLastByNameCounts(indexed: String) throws {
        for (number, name) in ["1.safetensors", "10.safetensors", "2.safetensors"].enumerated() {
            try writeShard(name, tensors: (0..<number).map { "\(name) \($0)" } + ["a"])
        }
        try writeIndex(
            #"{"a": "\#(indexed)", "x": "1.safetensors", "y": "10.safetensors", "z": "2.safetensors"}"#
        )
        let tensor = try CheckpointDirectory(directory.path).tensor(named: "a")
        #expect(tensor.file == directory.path + "/2.safetensors")
        #expect(tensor.floats() == [Float(bitPattern: 0x0B0A_0908)])
    }

    @Test func filesTheIndexDoesNotNameAreNotRead() throws {
        try writeShard("1.safetensors", tensors: ["a"])
        try directory.write("no weights", to: "2.safetensors")
        try writeIndex(#"{"a": "1.safetensors"}"#)
        #expect(try CheckpointDirectory(directory.path).names == ["a"])
    }

    @Test func aTensorInNoneOfTheShardsIsMissedWhenItIsAskedFor() throws {
        try writeShard("1.safetensors", tensors: ["a"])
        try writeShard("2.safetensors", tensors: ["b"])
        try writeIndex(#"{"a": "1.safetensors", "b": "2.safetensors", "x": "2.safetensors"}"#)
        let checkpoint = try CheckpointDirectory(directory.path)
        #expect(checkpoint.names == ["a", "b"] && checkpoint.claimedNames == ["a", "b", "x"])
        let error = #expect(throws: CheckpointError.self) { try checkpoint.tensor(named: "x") }
        #expect(
            "\(try #require(error))"
                == "the checkpoint has no tensor named 'x'; looked in '\(directory.path)/1.safetensors', "
                + "'\(directory.path)/2.safetensors'"
        )
    }

    @Test func ofManyFilesLookedInTheFirstAreNamed() {
        let error = CheckpointError.missingTensor(name: "x", files: (1...20).map { "\($0)" })
        #expect("\(error)".hasSuffix("'15', '16' and 4 more"))
        #expect("\(CheckpointError.missingTensor(name: "x"))" == "the checkpoint has no tensor named 'x'")
    }

    @Test func anEmptyFileIsTruncated() throws {
        try directory.write("", to: "model.safetensors")
        let file = directory.path + "/model.safetensors"
        #expect(refusal() == .truncated(file: file, expectedBytes: 8, foundBytes: 0))
    }

    @Test func aDirectoryInPlaceOfTheFileIsUnreadable() throws {
        let file = directory.path + "/model.safetensors"
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
        #expect(refusal() == .unreadable(file: file, reason: "it is not a file"))
    }

    @Test func aDirectoryWithoutWeightsIsRefused() {
        #expect(refusal() == .noWeights(directory: directory.path))
    }

    @Test func somethingElseThanADirectoryIsRefused() throws {
        try directory.write("x", to: "file")
        for path in [directory.path + "/file", directory.path + "/absent", ""] {
            #expect(throws: CheckpointError.notADirectory(path: path)) { try CheckpointDirectory(path) }
        }
    }

    @Test func aFilePastItsLimitIsNotRead() throws {
        try directory.write("12345", to: "config.json")
        let path = directory.path + "/config.json"
        #expect(try BoundedFile.read(path, limit: 5).count == 5)
        #expect(throws: CheckpointError.tooLarge(file: path, limit: 4, found: 5)) {
            try BoundedFile.read(path, limit: 4)
        }
        #expect(try BoundedFile.readIfPresent(directory.path + "/absent", limit: 4) == nil)
    }
}
