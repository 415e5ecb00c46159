import SwitchModel
import Tensors
import Testing

@Suite struct TensorCensusTests {
    /// Names of a model of `layers` blocks a stack, of which those in `sparse` have `experts` experts.
    private func names(layers: Int, sparse: Set<Int>, experts: Int = 2, gated: Bool = false) -> Set<String> {
        var names: Set<String> = ["shared.weight"]
        for (stack, layer) in [("encoder", 1), ("decoder", 2)] {
            for block in 0..<layers {
                let mlp = "\(stack).block.\(block).layer.\(layer).mlp"
                let wi = gated ? ["wi_0", "wi_1", "wo"] : ["wi", "wo"]
                names.insert("\(stack).block.\(block).layer.0.SelfAttention.q.weight")
                guard sparse.contains(block) else {
                    for name in wi { names.insert("\(mlp).\(name).weight") }
                    continue
                }
                names.insert("\(mlp).router.classifier.weight")
                for expert in 0..<experts {
                    for name in wi { names.insert("\(mlp).experts.expert_\(expert).\(name).weight") }
                }
            }
        }
        return names
    }

    private func repaired(
        _ names: Set<String>,
        _ change: (inout SwitchConfiguration) -> Void = { _ in }
    ) throws(ConfigurationError) -> SwitchConfiguration {
        var configuration = SwitchConfiguration(startToken: 0)
        (configuration.encoderLayers, configuration.decoderLayers) = (4, 4)
        (configuration.encoderSparseStep, configuration.decoderSparseStep) = (2, 2)
        configuration.experts = 2
        change(&configuration)
        try configuration.repair(TensorCensus(names))
        return configuration
    }

    @Test func whatAgreesIsLeftAlone() throws {
        let configuration = try repaired(names(layers: 4, sparse: [1, 3]))
        #expect(configuration.notes.isEmpty)
    }

    @Test func depthsAndExpertsAreThoseOfTheTensors() throws {
        let configuration = try repaired(names(layers: 6, sparse: [1, 3, 5], experts: 5))
        #expect((configuration.encoderLayers, configuration.decoderLayers) == (6, 6))
        #expect(configuration.experts == 5)
        #expect(configuration.notes.count == 3)
        #expect(configuration.notes.contains("num_experts is 5, as the tensors say, not 2"))
    }

    @Test func aTokenCannotGoToMoreExpertsThanThereAre() throws {
        let names = names(layers: 4, sparse: [1, 3], experts: 3)
        #expect(try repaired(names) { ($0.experts, $0.choices) = (4, 3) }.choices == 3)
        #expect(
            throws: ConfigurationError.outOfRange(
                file: "config.json",
                key: "num_experts_per_tok",
                value: 4,
                allowed: 1...3
            )
        ) {
            try repaired(names) { ($0.experts, $0.choices) = (4, 4) }
        }
    }

    @Test(
        arguments: [
            ([], 0), ([0, 1, 2, 3, 4, 5], 1), ([1, 3, 5], 2), ([1, 4], 3), ([1, 5], 4), ([1], 5),
        ] as [(Set<Int>, Int)]
    )
    func theStepIsTheOneThatFits(sparse: Set<Int>, step: Int) throws {
        let configuration = try repaired(names(layers: 6, sparse: sparse)) {
            ($0.encoderSparseStep, $0.decoderSparseStep) = (6, 4)
        }
        #expect(Set(configuration.sparseBlocks(in: .encoder)) == sparse)
        #expect(Set(configuration.sparseBlocks(in: .decoder)) == sparse)
        #expect(configuration.sparseStep(in: .decoder) == (sparse == [1] ? 5 : step))
    }

    @Test func blocksThatFitNoStepAreNamed() {
        #expect(throws: ConfigurationError.sparseBlocksFitNoStep(stack: "encoder", blocks: [0, 3])) {
            try repaired(names(layers: 4, sparse: [0, 3]))
        }
    }

    @Test func gatesAreThoseOfTheTensors() throws {
        let gated = try repaired(names(layers: 4, sparse: [1, 3], gated: true)) { $0.feedForward.activation = .gelu }
        #expect(gated.feedForward == FeedForwardKind(activation: .geluTanh, isGated: true))
        #expect(gated.notes.count == 2)
        let plain = try repaired(names(layers: 4, sparse: [1, 3])) { $0.feedForward.isGated = true }
        #expect(!plain.feedForward.isGated)
    }

    @Test func aHeadOfTheDecodersIsNotTied() throws {
        let own = try repaired(names(layers: 4, sparse: [1, 3]).union(["decoder.lm_head.weight"]))
        #expect(!own.tieWordEmbeddings && !own.scalesDecoderOutput)
        let none = try repaired(names(layers: 4, sparse: [1, 3])) { $0.tieWordEmbeddings = false }
        #expect(!none.tieWordEmbeddings)
        let alias = try repaired(names(layers: 4, sparse: [1, 3]).union(["lm_head.weight"]))
        #expect(alias.tieWordEmbeddings && alias.scalesDecoderOutput)
    }

    @Test(arguments: [
        "encoder.block.99999999999999999999.layer.0.SelfAttention.q.weight",
        "encoder.block.-1.layer.0.SelfAttention.q.weight", "encoder.block.1e3.layer.0.SelfAttention.q.weight",
        "encoder.block.4611686018427387904.layer.1.mlp.wi.weight", "encoder.block", "", "....", "encoder.block.0",
        "encoder.block.0.layer.1.mlp.experts.expert_99999999999999999999.wi.weight",
    ])
    func strangeNamesCountForNothingMuch(name: String) {
        let census = TensorCensus([name])
        #expect(census.encoder.layers <= 1 && census.experts == 0)
    }
}
