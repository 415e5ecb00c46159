import Foundation
import TestSupport
import Testing

@testable import Checkpoints

/// Checkpoints of T5X and Mesh TensorFlow with bytes that were cut, swapped or flipped.
@Suite struct DamagedOriginalTests {
    private static let steps = "checkpoint_500100"

    /// Reads every tensor as a model does; what was found wrong, nil for nothing.
    private func problem(_ path: String) -> CheckpointError? {
        do throws(CheckpointError) {
            let checkpoint = try CheckpointDirectory(path)
            for name in checkpoint.names.sorted() {
                let tensor = try checkpoint.tensor(named: name)
                let isFinite = tensor.firstNonFinite() == nil
                if let problem = tensor.problem {
                    #expect(!isFinite)
                    return problem
                }
                guard isFinite else { return .notFinite(name: name, file: path, index: 0) }
            }
            return nil
        } catch {
            return error
        }
    }

    private func files(_ copy: FixtureCopy) throws -> [String] {
        try #require(FileManager.default.enumerator(atPath: copy.path)).compactMap { $0 as? String }.filter { name in
            let isDirectory = try? copy.url.appending(path: name).resourceValues(forKeys: [.isDirectoryKey]).isDirectory
            return isDirectory != true && !name.hasSuffix(".json") && !name.hasSuffix(".gin")
                && !name.contains("state.")
        }.sorted()
    }

    @Test(arguments: ["t5x-mixed", "t5x-zstd", "mesh-snappy", "mesh-parts"]) func whatIsWholeHasNoProblem(
        name: String
    ) throws {
        #expect(problem(FixtureCopy.fixtures.appending(path: name).path) == nil)
    }

    @Test(arguments: ["t5x-mixed", "t5x-zstd", "mesh-snappy", "mesh-parts"]) func everyFileThatIsCutIsFound(
        name: String
    ) throws {
        let copy = try FixtureCopy(of: name)
        for file in try files(copy) where file != "checkpoint" && !file.contains("data-00000-of") {
            let url = copy.url.appending(path: file)
            let whole = try Data(contentsOf: url)
            // Of a shard that ends with what no tensor is, a byte less may be no loss.
            for count in [0, whole.count / 2, whole.count - 1]
            where !(file.contains(".data-") && count == whole.count - 1) {
                try whole.prefix(count).write(to: url)
                #expect(problem(copy.path) != nil, "\(file) cut to \(count) of \(whole.count) bytes")
            }
            try whole.write(to: url)
        }
    }

    @Test func filesThatChangedPlacesAreFound() throws {
        let copy = try FixtureCopy(of: "mesh-snappy")
        let shards = try files(copy).filter { $0.contains(".data-") }
        try #require(shards.count == 3)
        try swap(shards[0], shards[1], in: copy)
        #expect(problem(copy.path) != nil)
        let arrays = try FixtureCopy(of: "t5x-mixed")
        let root = Self.steps + "/target."
        try swap(
            root + "encoder.layers_0.mlp.wi.kernel/0.0",
            root + "encoder.layers_1.mlp.expert.wi.kernel/0.0.0",
            in: arrays
        )
        #expect(problem(arrays.path) != nil)
    }

    private func swap(_ one: String, _ other: String, in copy: FixtureCopy) throws {
        let (one, other) = (copy.url.appending(path: one), copy.url.appending(path: other))
        let (first, second) = (try Data(contentsOf: one), try Data(contentsOf: other))
        try second.write(to: one)
        try first.write(to: other)
    }

    @Test func everyBitThatAChecksumCoversIsFound() throws {
        for (name, kind) in [("mesh-snappy", ".data-"), ("mesh-snappy", ".index"), ("t5x-mixed", "wi.kernel/0")] {
            let copy = try FixtureCopy(of: name)
            let expected = try values(copy.path)
            let file = try #require(
                try files(copy).first { $0.contains(kind) && (!kind.hasPrefix(".data") || $0.contains("00001-of")) }
            )
            let url = copy.url.appending(path: file)
            let whole = try Data(contentsOf: url)
            for position in stride(from: 0, to: whole.count, by: max(1, whole.count / 97)) {
                var damaged = whole
                damaged[position] ^= 1 << UInt8(position % 8)
                try damaged.write(to: url)
                // A bit may be of what is not read: the optimizer's slots, the date of a gzip file.
                guard problem(copy.path) == nil else { continue }
                let found = try values(copy.path)
                #expect(found == expected, "byte \(position) of \(file)")
            }
        }
    }

    private func values(_ path: String) throws -> [String: [UInt32]] {
        let checkpoint = try CheckpointDirectory(path)
        return Dictionary(
            uniqueKeysWithValues: try checkpoint.names.map { name in
                (name, try checkpoint.tensor(named: name).floats().map(\.bitPattern))
            }
        )
    }

    @Test func allLayoutsOfAModelAreTheSameTensors() throws {
        let expected = try values(FixtureCopy.fixtures.appending(path: "t5x-mixed").path)
        for name in ["t5x-zstd", "mesh-snappy", "mesh-parts"] {
            let found = try values(FixtureCopy.fixtures.appending(path: name).path)
            #expect(found == expected, "\(name)")
        }
        #expect(expected.count > 40)
    }

    @Test func theNewestCheckpointIsRead() throws {
        let copy = try FixtureCopy(of: "t5x-mixed")
        let old = copy.url.appending(path: "checkpoint_90000")
        try FileManager.default.createDirectory(at: old, withIntermediateDirectories: true)
        try Data([0x80]).write(to: old.appending(path: "checkpoint"))
        #expect(problem(copy.path) == nil)
        let newer = copy.url.appending(path: "checkpoint_600000")
        try FileManager.default.moveItem(at: old, to: newer)
        #expect(problem(copy.path) != nil)
    }
}
