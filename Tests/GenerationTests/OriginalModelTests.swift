import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// Models in the layouts of T5X and Mesh TensorFlow; what they answer is compared by `ParityTests`.
@Suite struct OriginalModelTests {
    private static let names = ["t5x-mixed", "t5x-zstd", "mesh-snappy", "mesh-parts"]

    private func configuration(
        _ path: String,
        _ assumptions: [String] = []
    ) throws -> (SwitchConfiguration, CheckpointDirectory) {
        let checkpoint = try CheckpointDirectory(path)
        let assumed = try ConfigurationAssumptions(assumptions)
        return (try SwitchConfiguration(directory: path, checkpoint, assuming: assumed), checkpoint)
    }

    @Test(arguments: names) func sizesAreThoseOfTheTensors(name: String) throws {
        let (configuration, checkpoint) = try configuration(FixtureCopy.fixtures.appending(path: name).path)
        #expect(
            configuration.vocabularySize == 40 && configuration.modelWidth == 16 && configuration.feedForwardWidth == 18
        )
        #expect(configuration.heads == 2 && configuration.headWidth == 6 && configuration.experts == 3)
        #expect(configuration.sparseBlocks(in: .encoder) == [1] && configuration.sparseBlocks(in: .decoder) == [1])
        #expect(configuration.notes.isEmpty && configuration.tieWordEmbeddings && !configuration.biasInEveryBlock)
        #expect(configuration.tensorShapes == checkpoint.original?.shapes)
        #expect(configuration.assumptions.last?.contains("expert_capacity 64") == true)
    }

    @Test func whatTheGinFileSaysIsTold() throws {
        let copy = try FixtureCopy(of: "t5x-mixed")
        try copy.write(
            "dense.MlpBlock.activations = ('gelu',)\nRelativePositionBiases.max_distance = 99",
            to: "config.gin"
        )
        let (configuration, _) = try configuration(copy.path)
        #expect(configuration.feedForward == FeedForwardKind(activation: .geluTanh, isGated: false))
        #expect(configuration.relativeMaxDistance == 99)
        #expect(configuration.assumptions.contains { $0.contains("dense.MlpBlock.activations") })
    }

    @Test func whatIsAssumedIsFollowedAndTold() throws {
        let path = FixtureCopy.fixtures.appending(path: "mesh-parts").path
        let words = ["dense_act_fn=silu", "eos_token_id=2", "expert_capacity=7", "relative_attention_max_distance=50"]
        let (configuration, _) = try configuration(path, words)
        #expect(configuration.feedForward.activation == .silu && configuration.endTokens == [2])
        #expect(configuration.expertCapacity == 7 && configuration.relativeMaxDistance == 50)
        #expect(configuration.assumptions.count { $0.contains("--assume") } == 4)
        let fixture = FixtureCopy.fixtures.appending(path: "tiny-f32-tied").path
        #expect(throws: ConfigurationError.self) { try self.configuration(fixture, words) }
    }

    @Test func aConfigurationBesideItIsBelieved() throws {
        let copy = try FixtureCopy(of: "t5x-zstd")
        try copy.write(
            """
            {"model_type":"switch_transformers","vocab_size":40,"d_model":16,"d_ff":18,"d_kv":6,"num_heads":2,"num_layers":2,
             "num_decoder_layers":2,"num_experts":3,"encoder_sparse_step":2,"decoder_sparse_step":2,"expert_capacity":5,
             "decoder_start_token_id":3}
            """,
            to: "config.json"
        )
        let (configuration, _) = try configuration(copy.path)
        #expect(configuration.expertCapacity == 5 && configuration.startToken == 3 && configuration.assumptions.isEmpty)
    }

    @Test func oneExpertIsReadAloneWhereItsChunkIs() throws {
        for name in Self.names {
            let checkpoint = try CheckpointDirectory(FixtureCopy.fixtures.appending(path: name).path)
            // One array is cut along its other dimensions; of parts a variable is put together whole.
            #expect(checkpoint.original?.expertsShareChunks == (name != "mesh-snappy"), "\(name)")
        }
    }

    @Test func aDamagedExpertEndsWhatIsComputedWithIt() throws {
        let copy = try FixtureCopy(of: "mesh-snappy")
        let model = try Reference.model(in: copy.url) { $0.expertMemory = ExpertMemory(budget: 1) }
        let whole = Reference.scores(model)
        #expect(model.fault == nil && whole.allSatisfy { $0.isFinite })
        let damaged = try FixtureCopy(of: "mesh-snappy")
        for shard in 1...2 {
            let url = damaged.url.appending(path: "model.ckpt-524288.data-0000\(shard)-of-00003")
            let late = try Reference.model(in: damaged.url) { $0.expertMemory = ExpertMemory(budget: 1) }
            let bytes = try Data(contentsOf: url)
            let file = try FileHandle(forUpdating: url)
            // In place, as bytes rot: the file stays mapped.
            try file.write(contentsOf: Data(bytes.map { $0 ^ 0x10 }))
            try file.close()
            _ = Reference.scores(late)
            #expect(late.fault?.contains("checksum") == true)
            try bytes.write(to: url)
        }
    }

    @Test func aDamagedFileIsNotLoaded() throws {
        let copy = try FixtureCopy(of: "t5x-mixed")
        let chunk = copy.url.appending(path: "checkpoint_500100/target.encoder.layers_1.mlp.expert.wi.kernel/0.0.0")
        var bytes = try Data(contentsOf: chunk)
        bytes[bytes.count - 5] ^= 1
        try bytes.write(to: chunk)
        #expect(throws: CheckpointError.self) { try Reference.model(in: copy.url) }
        #expect(throws: CheckpointError.self) { try Reference.model(in: copy.url, .int8) }
    }
}
