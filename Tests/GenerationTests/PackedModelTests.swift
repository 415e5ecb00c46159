import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// A model that was packed before gives the same answers, to the bit, mapped or brought in expert by expert.
@Suite struct PackedModelTests {
    /// Packs the model in `directory` into a new one, as `switchyard pack` does.
    private func pack(_ directory: URL, _ precision: WeightPrecision) throws -> URL {
        let packed = FileManager.default.temporaryDirectory.appending(path: "packed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: packed, withIntermediateDirectories: true)
        for name in ["config.json", "generation_config.json"] {
            try? FileManager.default.copyItem(at: directory.appending(path: name), to: packed.appending(path: name))
        }
        let tensors = try CheckpointDirectory(directory.path).names.count
        let writer = try PackedFileWriter(directory: packed.path, tensors: tensors)
        _ = try Reference.model(in: directory, precision) { $0.writer = writer }
        try writer.finish(precision)
        return packed
    }

    @Test(arguments: Reference.directories, WeightPrecision.allCases)
    func packedIsTheSameModel(directory: URL, precision: WeightPrecision) throws {
        let packed = try pack(directory, precision)
        defer { try? FileManager.default.removeItem(at: packed) }
        let expected = Reference.scores(try Reference.model(in: directory, precision))
        #expect(!expected.isEmpty)
        #expect(Reference.scores(try Reference.model(in: packed, precision)) == expected)
        let shelved = try Reference.model(in: packed, precision) { $0.expertMemory = ExpertMemory(budget: 1) }
        #expect(Reference.scores(shelved) == expected)
        let checkpoint = try CheckpointDirectory(packed.path)
        #expect(checkpoint.packing == PackedFileWriter.packing(precision))
        #expect(!FileManager.default.fileExists(atPath: packed.path + "/model.packed.partial"))
    }

    @Test func anUnfinishedFileIsNoModel() throws {
        let directory = try #require(Reference.directories.first)
        let packed = FileManager.default.temporaryDirectory.appending(path: "packed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: packed, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: packed) }
        let writer = try PackedFileWriter(directory: packed.path, tensors: 100)
        _ = try Reference.model(in: directory, .int8) { $0.writer = writer }
        #expect(throws: CheckpointError.noWeights(directory: packed.path)) { try CheckpointDirectory(packed.path) }
    }

    @Test func aCutOffFileIsRefused() throws {
        let directory = try #require(Reference.directories.first)
        let packed = try pack(directory, .bfloat16)
        defer { try? FileManager.default.removeItem(at: packed) }
        let file = packed.appending(path: "model.packed")
        let bytes = try Data(contentsOf: file)
        for count in [0, 7, 8, 100, 4096, bytes.count / 2, bytes.count - 1] {
            try bytes.prefix(count).write(to: file)
            #expect(throws: CheckpointError.self) { try CheckpointDirectory(packed.path) }
        }
    }
}
