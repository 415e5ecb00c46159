import Checkpoints
import Foundation
import SwitchModel
import Tensors
import TestSupport
import Testing

@testable import Training

/// A sparse model that begins as a dense one.
@Suite struct UpcyclingTests {
    private func dense(_ change: (inout SwitchConfiguration) -> Void = { _ in }) -> SwitchConfiguration {
        var configuration = LayerBench.shape.configuration
        configuration.modelType = .t5
        (configuration.encoderLayers, configuration.decoderLayers) = (2, 2)
        (configuration.encoderSparseStep, configuration.decoderSparseStep) = (0, 0)
        change(&configuration)
        return configuration
    }

    private let examples = (0..<6).map { index in
        Example(source: [2, 3, 4, Int32(5 + index)], inputs: [0, 6, 7], labels: [6, 7, 1])
    }

    private func loss(_ configuration: SwitchConfiguration, _ source: any WeightSource) throws -> Double {
        let model = ModelLayers(ModelShape(configuration))
        let values = FloatBuffer(count: model.layout.count)
        try model.layout.read(source, into: values)
        return try GradientWorkers(judging: model, values: values, on: Workers(threads: 1)).loss(examples).loss.mean
    }

    /// Tensors of a dense model, and its loss.
    private func drawn(_ configuration: SwitchConfiguration) throws -> (InMemoryWeights, Double) {
        let model = ModelLayers(ModelShape(configuration))
        let values = FloatBuffer(count: model.layout.count)
        model.layout.draw(into: values, seed: 4)
        var weights = InMemoryWeights()
        for parameter in model.layout.parameters {
            weights.set(parameter.name, parameter.shape, values[parameter.range].elements)
        }
        return (weights, try loss(configuration, weights))
    }

    @Test(arguments: [1, 2], [false, true])
    func theFirstLossIsTheDenseModels(choices: Int, isGated: Bool) throws {
        let configuration = dense { $0.feedForward = FeedForwardKind(activation: .geluTanh, isGated: isGated) }
        let (weights, wanted) = try drawn(configuration)
        let upcycling = Upcycling(experts: 4, sparseStep: 2, choices: choices, expertCapacity: 64, seed: 9)
        let sparse = try upcycling.applied(to: configuration)
        #expect(sparse.sparseLayers == 2 && sparse.modelType == .switchTransformers)
        let source = UpcycledWeights(weights, configuration, upcycling, sparse)
        let found = try loss(sparse, source)
        // One choice's gate is not quite a quarter; two are shares of one.
        #expect(abs(found - wanted) < (choices == 1 ? 0.02 : 1e-5), "\(found), dense \(wanted)")
        // As it would be with the gate left as it is.
        var plain = InMemoryWeights()
        for name in source.names {
            let tensor = try source.tensor(named: name)
            let factor: Float =
                name.contains(".experts.") && name.hasSuffix(".wo.weight") ? 1 / upcycling.outputFactor : 1
            plain.set(name, tensor.shape, tensor.floats().map { $0 * factor })
        }
        if choices == 1 { #expect(abs(try loss(sparse, plain) - wanted) > 4 * abs(found - wanted)) }
    }

    @Test func whatCannotBecomeSparseIsNamed() throws {
        let upcycling = Upcycling(experts: 4, sparseStep: 2, choices: 1, expertCapacity: 64, seed: 9)
        #expect(throws: TrainingError.self) { try upcycling.applied(to: LayerBench.shape.configuration) }
        #expect(throws: TrainingError.self) { try upcycling.applied(to: dense { $0.scalesDecoderOutput = false }) }
        var wide = upcycling
        wide.sparseStep = 0
        #expect(throws: TrainingError.self) { try wide.applied(to: dense()) }
    }
}
