import Checkpoints
import JSON
import TestSupport
import Testing

@testable import SwitchModel

/// Which experts stay, under which numbers, and whose profile that is.
@Suite struct ExpertPruningTests {
    private var configuration: SwitchConfiguration {
        var configuration = SwitchConfiguration(startToken: 0)
        (configuration.encoderLayers, configuration.decoderLayers) = (2, 1)
        (configuration.encoderSparseStep, configuration.decoderSparseStep) = (2, 1)
        (configuration.experts, configuration.expertCapacity) = (4, 10)
        return configuration
    }

    private let profile = ExpertProfile([
        .init(.decoder, block: 0, tokens: [5, 5, 5, 0]), .init(.encoder, block: 1, tokens: [1, 7, 0, 2]),
    ])

    @Test func theMostUsedStayInTheirOrderAndTiesGoToTheLower() throws {
        let pruning = try ExpertPruning(profile, configuration, keeping: 0.5)
        #expect(pruning.layers.map(\.kept) == [[1, 3], [0, 1]])
        #expect(pruning.layers.map(\.share) == [0.9, 2.0 / 3])
        #expect(pruning.experts == (4, 2))
        #expect(try ExpertPruning(profile, configuration, keeping: 0.51).experts.after == 3)
        #expect(try ExpertPruning(profile, configuration, keeping: 0.01).experts.after == 1)
        var two = configuration
        two.choices = 2
        #expect(try ExpertPruning(profile, two, keeping: 0.01).experts.after == 2)
    }

    @Test func whatIsLeftTakesMoreTokensEach() throws {
        let pruned = try ExpertPruning(profile, configuration, keeping: 0.75).applied(to: configuration)
        #expect((pruned.experts, pruned.expertCapacity, pruned.prunedFrom) == (3, 14, 4))
        let text = try ExpertPruning(profile, configuration, keeping: 0.5).text(
            Array(
                #"{"num_experts": 4, "expert_capacity": 10, "layer_norm_epsilon": 1e-06, "decoder_start_token_id": 0}"#
                    .utf8
            )
        )
        let read = try SwitchConfiguration(config: Array(text.utf8), generation: nil)
        #expect((read.experts, read.expertCapacity, read.prunedFrom, read.layerNormEpsilon) == (2, 20, 4, 1e-6))
    }

    @Test func expertsAreNumberedAnewAndRoutersKnowNoOthers() throws {
        var weights = InMemoryWeights()
        for (stack, block) in [("encoder", 1), ("decoder", 0)] {
            let scope = "\(stack).block.\(block).layer.1.mlp"
            for expert in 0..<4 { weights.set("\(scope).experts.expert_\(expert).wi.weight", [1], [Float(expert)]) }
            weights.set("\(scope).router.classifier.weight", [4, 2], (0..<8).map(Float.init))
            weights.set("\(scope).router.classifier.bias", [4], (0..<4).map(Float.init))
        }
        weights.set("encoder.block.0.layer.1.mlp.wi.weight", [1], [9])
        let pruned = PrunedWeights(weights, try ExpertPruning(profile, configuration, keeping: 0.5))
        let scope = "encoder.block.1.layer.1.mlp"
        #expect(try pruned.tensor(named: "\(scope).experts.expert_0.wi.weight").floats() == [1])
        #expect(try pruned.tensor(named: "\(scope).experts.expert_1.wi.weight").floats() == [3])
        #expect(try pruned.tensor(named: "\(scope).router.classifier.weight").floats() == [2, 3, 6, 7])
        #expect(try pruned.tensor(named: "\(scope).router.classifier.bias").floats() == [1, 3])
        #expect(try pruned.tensor(named: "encoder.block.0.layer.1.mlp.wi.weight").floats() == [9])
        #expect(pruned.names.filter { $0.contains("expert_") }.count == 4)
        #expect(throws: CheckpointError.missingTensor(name: "\(scope).experts.expert_2.wi.weight")) {
            try pruned.tensor(named: "\(scope).experts.expert_2.wi.weight")
        }
    }

    @Test func aProfileOfAnotherModelIsRefusedByName() throws {
        var other = configuration
        other.experts = 8
        #expect(throws: PruningError.otherExperts(stack: "encoder", block: 1, found: 4, expected: 8)) {
            try ExpertPruning(profile, other, keeping: 0.5)
        }
        other = configuration
        other.encoderLayers = 4
        #expect(throws: PruningError.missingLayer(stack: "encoder", block: 3)) {
            try ExpertPruning(profile, other, keeping: 0.5)
        }
        other.encoderSparseStep = 0
        other.decoderSparseStep = 0
        #expect(throws: PruningError.noExperts) { try ExpertPruning(profile, other, keeping: 0.5) }
        let unused = ExpertProfile(profile.layers.map { .init($0.stack, block: $0.block, tokens: [0, 0, 0, 0]) })
        #expect(throws: PruningError.unusedLayer(stack: "encoder", block: 1)) {
            try ExpertPruning(unused, configuration, keeping: 0.5)
        }
    }

    @Test func bothLayoutsOfAProfileAreRead() throws {
        func profile(_ text: String) throws -> ExpertProfile {
            try ExpertProfile(JSONParser.parse(Array(text.utf8), JSONRules(maximumDepth: 8)), file: "p.json")
        }
        let judged = try profile(#"{"layers":[{"stack":"encoder","block":1,"tokens":[1,2]}]}"#)
        #expect(judged.layers == [.init(.encoder, block: 1, tokens: [1, 2])])
        let served = try profile(
            #"{"encoder":[{"block":1,"total":{"tokens":[1,2]}}],"decoder":[{"block":0,"total":{"tokens":[3,4]}}]}"#
        )
        #expect(
            served.layers == [.init(.encoder, block: 1, tokens: [1, 2]), .init(.decoder, block: 0, tokens: [3, 4])]
        )
        for text in [
            "[]", "{}", #"{"layers":[{"block":1,"tokens":[1]}]}"#,
            #"{"encoder":[{"block":1,"total":{"tokens":[-1]}}]}"#,
        ] {
            #expect(throws: PruningError.self) { try profile(text) }
        }
    }
}
