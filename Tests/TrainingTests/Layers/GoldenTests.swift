import Tensors
import Testing

@testable import Training

/// The whole model against torch: see `Tests/TrainingGolden/training_reference.py`.
@Suite struct GoldenTests {
    @Test(arguments: ["tied", "untied"])
    func theLossIsThatOfTorch(name: String) throws {
        let golden = try GoldenModel(name)
        let outcome = try golden.workers(threads: 1).loss(golden.batch)
        #expect(abs(outcome.loss.mean - golden.reference.negative_log_likelihood) < 1e-5)
        #expect(abs(outcome.loss.router.balance - golden.reference.balance) < 1e-5)
        #expect(abs(outcome.loss.router.z - golden.reference.z) < 1e-4)
        #expect(abs(outcome.loss.objective(golden.regularization) - golden.reference.objective) < 1e-5)
    }

    @Test(arguments: ["tied", "untied"])
    func everyGradientIsThatOfTorch(name: String) throws {
        let golden = try GoldenModel(name)
        let workers = golden.workers(threads: 1)
        _ = try workers.add(golden.batch, labels: golden.batch.labelCount, Noise(seed: 1))
        try workers.reduce()
        let expected = try golden.gradients()
        for parameter in golden.layers.layout.parameters {
            let wanted = expected[parameter.range].elements
            let found = workers.gradients[parameter.range].elements
            let size = wanted.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let error = zip(found, wanted).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
            #expect(error <= 1e-4 * size, "\(parameter.name): \(error) of \(size)")
        }
    }

    @Test(arguments: ["tied", "untied"], OptimizerSettings.Kind.allCases)
    func tenStepsHaveTheLossesOfTorch(name: String, kind: OptimizerSettings.Kind) throws {
        let golden = try GoldenModel(name)
        let workers = golden.workers(threads: 1)
        var settings = OptimizerSettings()
        settings.kind = kind
        settings.weightDecay = kind == .adamW ? 0.05 : 0
        let optimizer = settings.optimizer(for: golden.layers.layout)
        let wanted = kind == .adamW ? golden.reference.adamw : golden.reference.adafactor
        for (step, wanted) in wanted.enumerated() {
            workers.clear()
            let outcome = try workers.add(golden.batch, labels: golden.batch.labelCount, Noise(seed: 1))
            try workers.reduce()
            let loss = outcome.loss.objective(golden.regularization)
            #expect(abs(loss - wanted) < 1e-5, "step \(step): \(loss), torch \(wanted)")
            let norms = GradientNorms(workers.gradients, golden.layers.layout, on: workers.workers)
            optimizer.step(
                golden.values,
                workers.gradients,
                rate: kind == .adamW ? 3e-3 : 2e-3,
                gradientScale: norms.scale(maximum: 1),
                on: workers.workers
            )
        }
    }
}
