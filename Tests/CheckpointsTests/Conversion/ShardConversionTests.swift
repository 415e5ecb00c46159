import Foundation
import TestSupport
import Testing

@testable import Checkpoints

/// Files that are written block by block, interrupted, gone on with, and read back.
@Suite struct ShardConversionTests {
    private let directory: TemporaryDirectory
    private let weights: InMemoryWeights
    private let plan: ShardPlan

    init() throws {
        directory = try TemporaryDirectory()
        var weights = InMemoryWeights()
        for (name, count) in [("a", 3000), ("b", 70), ("c", 6)] {
            weights.set(name, [count / 2, 2], (0..<count).map { Float($0) * 1.0001 })
        }
        self.weights = weights
        plan = ShardPlan(
            [
                .init("x", from: "a", [1500, 2], .float32), .init("y", from: "b", [35, 2], .bfloat16),
                .init("z", from: "c", [3, 2], .float32), .init("z2", from: "c", [3, 2], .float32),
            ],
            limit: 12_100
        )
    }

    private func path(_ shard: Int) -> String { directory.path + "/" + plan.shards[shard].fileName }

    private func read() throws -> [String: [Float]] {
        var tensors: [String: [Float]] = [:]
        for shard in plan.shards.indices {
            let file = try SafetensorsFile(path: path(shard))
            for name in file.names { tensors[name] = try file.tensor(named: name).floats() }
        }
        return tensors
    }

    @Test func tensorsAreDealtOutInOrder() {
        #expect(
            plan.shards.map(\.fileName) == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
        )
        #expect(plan.shards.map { $0.tensors.map(\.name) } == [["x"], ["y", "z", "z2"]])
        #expect(plan.index?["z"] == "model-00002-of-00002.safetensors" && plan.byteCount == 12_000 + 140 + 48)
        #expect(ShardPlan(plan.shards[1].tensors).shards.map(\.fileName) == ["model.safetensors"])
    }

    @Test func whatIsWrittenIsTheSourceInTheTypeAskedFor() throws {
        var progress = 0
        try ShardConversion(from: weights, into: directory.path) { progress += $0 }.run(plan)
        let found = try read()
        #expect(found["x"] == (0..<3000).map { Float($0) * 1.0001 } && found["z"] == found["z2"])
        let rounded = (0..<70).map { Float(bitPattern: UInt32(SafetensorsWriter.rounded(Float($0) * 1.0001)) << 16) }
        #expect(found["y"] == rounded && progress == 2 * plan.byteCount)
        #expect(!FileManager.default.fileExists(atPath: path(0) + ".partial"))
    }

    @Test func whatWasInterruptedGoesOnAnywhere() throws {
        try ShardConversion(from: weights, into: directory.path).run(plan)
        let whole = try Data(contentsOf: URL(filePath: path(1)))
        for count in stride(from: 0, through: whole.count, by: 3) {
            try FileManager.default.removeItem(atPath: path(1))
            try whole.prefix(count).write(to: URL(filePath: path(1) + ".partial"))
            try ShardConversion(from: weights, into: directory.path).run(plan)
            #expect(try Data(contentsOf: URL(filePath: path(1))) == whole, "cut at \(count)")
        }
    }

    @Test func aWholeTensorIsNotWrittenAgain() throws {
        try ShardConversion(from: weights, into: directory.path).run(plan)
        let whole = try Data(contentsOf: URL(filePath: path(1)))
        try FileManager.default.removeItem(atPath: path(1))
        // All of y and z, and a little of z2; a bit of y is not what the source says.
        var partial = whole.dropLast(20)
        partial[partial.count - 28 - 100] ^= 1
        try partial.write(to: URL(filePath: path(1) + ".partial"))
        #expect(throws: CheckpointError.self) { try ShardConversion(from: weights, into: directory.path).run(plan) }
        #expect(!FileManager.default.fileExists(atPath: path(1)))
    }

    @Test func whatIsNoNumberIsNotWritten() throws {
        var broken = weights
        broken.set("c", [3, 2], [0, 1, 2, .nan, 4, 5])
        #expect(throws: CheckpointError.notFinite(name: "c", file: "memory", index: 3)) {
            try ShardConversion(from: broken, into: directory.path).run(plan)
        }
        #expect(!FileManager.default.fileExists(atPath: path(1)))
    }
}
