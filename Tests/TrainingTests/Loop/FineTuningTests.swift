import Foundation
import SwitchModel
import Tensors
import Testing

@testable import Training

/// What a run does not keep, does not learn, and does not have the memory for.
@Suite struct FineTuningTests {
    /// The state after a few steps, with everything random that there is.
    private func state(_ change: (inout TrainingSettings) -> Void) throws -> (state: TrainingState, losses: [Double]) {
        var run = TinyRun()
        defer { run.remove() }
        (run.settings.steps, run.settings.regularization.jitter, run.settings.model.experts) = (6, 0.1, 3)
        change(&run.settings)
        let trainer = try run.trainer()
        var losses: [Double] = []
        _ = try trainer.train(isStopping: { false }) { event in
            if case .step(let report) = event { losses.append(report.objective) }
        }
        return (trainer.state, losses)
    }

    @Test(arguments: [BalanceScope.part, .batch], [1, 2])
    func activationsThatAreComputedAgainAreTheVerySame(scope: BalanceScope, choices: Int) throws {
        func set(_ settings: inout TrainingSettings) {
            (settings.regularization.balanceOver, settings.model.choices) = (scope, choices)
        }
        let kept = try state { set(&$0) }
        let again = try state {
            set(&$0)
            $0.recomputes = true
        }
        #expect(kept.losses == again.losses)
        #expect(kept.state.values.elements == again.state.values.elements)
    }

    @Test(arguments: ParameterGroup.allCases, OptimizerSettings.Kind.allCases)
    func whatIsFrozenStaysAndTheRestLearns(group: ParameterGroup, kind: OptimizerSettings.Kind) throws {
        let settings: (inout TrainingSettings) -> Void = {
            ($0.frozen, $0.optimizer.kind) = ([group], kind)
        }
        let trained = try state(settings).state
        let drawn = FloatBuffer(count: trained.layout.count)
        trained.layout.draw(into: drawn, seed: 1)
        var frozen = 0
        for parameter in trained.layout.parameters {
            let isSame = trained.values[parameter.range].elements == drawn[parameter.range].elements
            frozen += parameter.isLearnt ? 0 : 1
            // Experts may have had no token.
            if parameter.isLearnt, parameter.expert == nil { #expect(!isSame, "\(parameter.name)") }
            if !parameter.isLearnt { #expect(isSame, "\(parameter.name)") }
        }
        #expect(frozen > 0 && trained.layout.learntCount < trained.layout.count)
    }

    @Test func aGroupThatIsNotThereIsNamed() throws {
        #expect(throws: TrainingError.nothingToFreeze("head")) {
            try state { ($0.frozen, $0.model.isTied) = ([.head], true) }
        }
        #expect(throws: TrainingError.nothingToFreeze("experts")) {
            try state { ($0.frozen, $0.model.sparseStep) = ([.experts], 0) }
        }
        #expect(throws: TrainingError.nothingToLearn) { try state { $0.frozen = ParameterGroup.allCases } }
    }

    /// What a part of a batch takes of an arena, beside what is told of it.
    @Test(arguments: [false, true], [(0, false), (2, false), (2, true), (1, true)])
    func activationsTakeWhatIsToldOfThem(recomputes: Bool, kind: (sparseStep: Int, isGated: Bool)) throws {
        var settings = TrainingSettings()
        (settings.model.modelWidth, settings.model.feedForwardWidth, settings.model.sparseStep) = (
            64, 160, kind.sparseStep
        )
        (settings.model.encoderLayers, settings.model.decoderLayers, settings.model.heads) = (6, 6, 4)
        settings.recomputes = recomputes
        var shape = settings.shape(settings.model.shape(vocabularySize: 300, SpecialIDs(start: 0, end: 1)))
        if kind.isGated { shape.configuration.feedForward = .init(activation: .geluTanh, isGated: true) }
        let model = ModelLayers(shape)
        let values = FloatBuffer(count: model.layout.count)
        model.layout.draw(into: values, seed: 1)
        let pass = Pass(values: values, gradients: FloatBuffer(count: model.layout.count), settings.regularization)
        let example = Example(source: Array(2..<130), inputs: Array(2..<130), labels: Array(3..<131))
        let batch = Array(repeating: example, count: 40)
        pass.begin(Noise(seed: 1))
        _ = model.addGradients(model.forward(batch[...], pass), weight: 1, pass)
        let told =
            ActivationCount(shape, settings.regularization, longest: 256).total(tokens: batch.tokens, workers: 1) * 4
        #expect(pass.arena.byteCount <= told)
        // Sequences were half as long as the longest example, and attention is told of at its full length.
        #expect(told < 3 * pass.arena.byteCount, "\(told) for \(pass.arena.byteCount)")
    }

    @Test func aRunThatDoesNotFitIsToldWhatWould() {
        var settings = TrainingSettings()
        (settings.workers, settings.batchTokens) = (2, 8192)
        let shape = settings.shape(settings.model.shape(vocabularySize: 8000, SpecialIDs(start: 0, end: 1)))
        let around = MemoryNeed.Circumstances(
            lengths: Array(repeating: 256, count: 1000),
            ranks: 1,
            judgesAnswers: true
        )
        let need = MemoryNeed(settings, shape, around)
        #expect(need.weights == ModelLayers(shape).layout.count * 4)
        #expect(need.gradients == 2 * need.weights && need.optimizer == 2 * need.weights)
        #expect(need.total == need.parts.reduce(0) { $0 + $1.bytes })
        #expect(MemoryAdvice(settings, shape, around, limit: need.total).flags == [])
        #expect(MemoryAdvice(settings, shape, around, limit: need.total - 1).flags == ["--bleu-sentences 0"])
        let tight = MemoryAdvice(settings, shape, around, limit: need.total / 4)
        #expect(tight.flags?.contains("--recompute") == true && tight.least <= need.total / 4)
        let never = MemoryAdvice(settings, shape, around, limit: need.weights)
        #expect(never.flags == nil && never.least > need.weights)
    }
}
