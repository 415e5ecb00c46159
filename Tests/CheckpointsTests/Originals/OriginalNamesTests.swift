import Testing

@testable import Checkpoints

/// Names of Flaxformer and Mesh TensorFlow, beside those of the Hugging Face layout.
@Suite struct OriginalNamesTests {
    private func array(_ sizes: [Int]) throws -> ChunkedArray {
        let shape = try ArrayShape(sizes: sizes, chunk: sizes.map { max(1, $0) }, .float32)
        let bytes = ByteSource([UInt8](repeating: 0, count: shape.chunkBytes))
        return ChunkedArray(path: "f", shape: shape, store: InlineArray(pieces: [bytes]))
    }

    private func shapes(_ parameters: [String: [Int]]) throws -> [String: [Int]] {
        let arrays = try parameters.mapValues { try array($0) }
        return NamedArrays(try FlaxNames(arrays, file: "f").tensors()).shapes
    }

    @Test func parametersOfOneLayerGetTheirNames() throws {
        let found = try shapes([
            "token_embedder/embedding": [64, 16], "decoder/logits_dense/kernel": [16, 64],
            "encoder/relpos_bias/rel_embedding": [3, 8], "encoder/encoder_norm/scale": [16],
            "encoder/layers_0/attention/query/kernel": [16, 12], "encoder/layers_0/attention/out/kernel": [12, 16],
            "encoder/layers_0/pre_attention_layer_norm/scale": [16], "encoder/layers_0/mlp/wi/kernel": [16, 24],
            "decoder/layers_1/encoder_decoder_attention/value/kernel": [16, 3, 4],
            "decoder/layers_1/encoder_decoder_attention/out/kernel": [3, 4, 16],
            "decoder/layers_1/pre_cross_attention_layer_norm/scale": [16],
            "decoder/layers_1/mlp/router/router_weights/w/kernel": [16, 2],
            "decoder/layers_1/mlp/expert/wi_0/kernel": [2, 16, 24],
            "decoder/layers_1/mlp/expert/wo/kernel": [2, 24, 16],
        ])
        #expect(
            found == [
                "shared.weight": [64, 16], "lm_head.weight": [64, 16],
                "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": [8, 3],
                "encoder.final_layer_norm.weight": [16], "encoder.block.0.layer.0.SelfAttention.q.weight": [12, 16],
                "encoder.block.0.layer.0.SelfAttention.o.weight": [16, 12],
                "encoder.block.0.layer.0.layer_norm.weight": [16],
                "encoder.block.0.layer.1.mlp.wi.weight": [24, 16],
                "decoder.block.1.layer.1.EncDecAttention.v.weight": [12, 16],
                "decoder.block.1.layer.1.EncDecAttention.o.weight": [16, 12],
                "decoder.block.1.layer.1.layer_norm.weight": [16],
                "decoder.block.1.layer.2.mlp.router.classifier.weight": [2, 16],
                "decoder.block.1.layer.2.mlp.experts.expert_0.wi_0.weight": [24, 16],
                "decoder.block.1.layer.2.mlp.experts.expert_1.wi_0.weight": [24, 16],
                "decoder.block.1.layer.2.mlp.experts.expert_0.wo.weight": [16, 24],
                "decoder.block.1.layer.2.mlp.experts.expert_1.wo.weight": [16, 24],
            ]
        )
    }

    @Test func aModelWithoutExpertsIsT5() throws {
        let found = try shapes(["encoder/layers_0/mlp/wo/kernel": [24, 16]])
        #expect(found == ["encoder.block.0.layer.1.DenseReluDense.wo.weight": [16, 24]])
    }

    @Test func layersOfAScanAreCountedBlockByBlock() throws {
        let found = try shapes([
            "encoder/encoder/subblock_0/mlp/wi/kernel": [16, 2, 24],
            "encoder/encoder/subblock_1/mlp/expert/wi/kernel": [1, 2, 16, 24],
            "decoder/decoder/pre_mlp_layer_norm/scale": [16, 3],
        ])
        #expect(
            found.keys.sorted() == [
                "decoder.block.0.layer.2.layer_norm.weight", "decoder.block.1.layer.2.layer_norm.weight",
                "decoder.block.2.layer.2.layer_norm.weight", "encoder.block.0.layer.1.mlp.wi.weight",
                "encoder.block.1.layer.1.mlp.experts.expert_0.wi.weight", "encoder.block.2.layer.1.mlp.wi.weight",
                "encoder.block.3.layer.1.mlp.experts.expert_0.wi.weight",
            ]
        )
        #expect(found["encoder.block.2.layer.1.mlp.wi.weight"] == [24, 16])
    }

    @Test(arguments: [
        ("encoder/layers_0/extra_mlp/wi/kernel", "ST-MoE"), ("encoder/layers_0/mlp/wi_fused/kernel", "fuse_kernels"),
        ("decoder/token_embedder/embedding", "one side"), ("encoder/layers_0/attention/query/bias", "bias"),
        ("encoder/side_relpos_bias/rel_embedding", "LongT5"), ("encoder/layers_0/conv/kernel", "no place"),
        ("encoder/layers_-1/mlp/wi/kernel", "no place"), ("encoder/layers_5000/mlp/wi/kernel", "no place"),
        ("encoder/layers_0/mlp/wi/kernel/deeper", "no place"),
    ])
    func whatHasNoPlaceIsNamed(name: String, reason: String) throws {
        #expect(try message { _ = try shapes([name: [16, 16]]) }.contains(reason))
    }

    @Test func otherShapesAndSecondNamesAreRefused() throws {
        #expect(try message { _ = try shapes(["encoder/layers_0/mlp/wi/kernel": [16]]) }.contains("[16]"))
        let twice = [
            "decoder/layers_0/attention/query/kernel": [16, 12],
            "decoder/layers_0/self_attention/query/kernel": [16, 12],
        ]
        #expect(try message { _ = try shapes(twice) }.contains("second one"))
    }

    private func message(_ body: () throws -> Void) throws -> String {
        do { try body() } catch { return "\(error)" }
        return "nothing was refused"
    }
}
