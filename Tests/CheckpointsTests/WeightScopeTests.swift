import Checkpoints
import TestSupport
import Testing

@Suite struct WeightScopeTests {
    private let root: WeightScope

    init() {
        var weights = InMemoryWeights()
        weights.set("encoder.block.1.wi.weight", [2, 1], [1, 2])
        root = WeightScope(root: weights)
    }

    @Test func aScopeKnowsWhereItIs() throws {
        let block = root["encoder"]["block"][1]
        #expect(try block.tensor("wi.weight", [2, 1]).floats() == [1, 2])
        #expect(block.contains("wi.weight"))
        #expect(!root.contains("wi.weight"))
        #expect(block.firstPresent(["wo.weight", "wi.weight"]) == "wi.weight")
        #expect(block.firstPresent(["wo.weight"]) == nil)
    }

    @Test func refusalsCarryTheFullName() {
        let name = "encoder.block.1.wi.weight"
        #expect(throws: CheckpointError.shapeMismatch(name: name, file: "memory", expected: [1, 2], found: [2, 1])) {
            try root["encoder.block.1"].tensor("wi.weight", [1, 2])
        }
        #expect(throws: CheckpointError.missingTensor(name: "encoder.wo")) { try root["encoder"].tensor("wo", [1]) }
    }
}
