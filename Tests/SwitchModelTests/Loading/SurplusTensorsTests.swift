import Checkpoints
import SwitchModel
import Testing

@Suite struct SurplusTensorsTests {
    @Test func otherNamesOfTheEmbeddingsAreNoSurplus() throws {
        let names = ["decoder.embed_tokens.weight", "encoder.embed_tokens.weight", "lm_head.weight", "shared.weight"]
        #expect(try SurplusTensors(names).strangers.isEmpty)
    }

    @Test func aNameNoSwitchTransformerHasIsAStranger() throws {
        #expect(try SurplusTensors(["position_ids", "shared.weight"]).strangers == ["position_ids"])
    }

    @Test func theDecoderBesideAnEncoderAloneIsLeftWhereItIs() throws {
        let names = ["decoder.block.2.a", "decoder.final_layer_norm.weight", "lm_head.weight", "other"]
        #expect(try SurplusTensors(names, in: .encoderOnly).strangers == ["other"])
        #expect(throws: CheckpointError.notCalledFor(name: "encoder.block.9.b", others: 0)) {
            try SurplusTensors(names + ["encoder.block.9.b"], in: .encoderOnly)
        }
    }

    @Test func aBlockThatTheConfigurationDoesNotCallForIsRefusedByName() {
        let names = ["decoder.block.2.a", "encoder.block.9.b", "x"]
        #expect(throws: CheckpointError.notCalledFor(name: "decoder.block.2.a", others: 1)) {
            try SurplusTensors(names)
        }
    }
}
