import Checkpoints
import Foundation
import SwitchModel
import Tensors
import TestSupport
import Testing

@testable import Training

/// A model whose tokens go to two experts: what was trained is what is saved, loaded and served.
@Suite struct TwoExpertsTests {
    private static let examples: [Example] = [
        Example(source: [5, 2, 7, 2, 9, 4, 4, 11, 3, 1], inputs: [0, 6, 3], labels: [6, 3, 1]),
        Example(source: [8, 1], inputs: [0, 2], labels: [2, 1]),
        Example(source: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1], inputs: [0, 10, 4], labels: [10, 4, 1]),
    ]

    /// A run of some steps with everything random; experts take three choices of a sequence.
    private func trained(choices: Int) throws -> TinyRun {
        var run = TinyRun()
        (run.settings.model.experts, run.settings.model.choices, run.settings.model.expertCapacity) = (4, choices, 3)
        (run.settings.regularization.balanceLoss, run.settings.regularization.jitter) = (.squared, 0.01)
        run.settings.model.initialization.router = 2
        #expect(try run.trainer().train(isStopping: { false }) { _ in } == .completed)
        return run
    }

    /// What the trainer's layers make of an example: log-probabilities after each input, `[inputs, vocabulary]`, and
    /// routing.
    private func judge(_ example: Example, _ model: ModelLayers, _ values: FloatBuffer) -> ([[Float]], [LayerRouting]) {
        let pass = Pass(values: values, gradients: FloatBuffer(count: 0), .none)
        let rows = example.inputs.indices.map { position in
            (0..<model.shape.configuration.vocabularySize).map { token in
                var asked = example
                asked.labels = example.labels.indices.map { $0 == position ? Int32(token) : -1 }
                pass.begin(Noise(seed: 1))
                return Float(-model.loss(model.forward([asked], pass), pass).negativeLogLikelihood)
            }
        }
        return (rows, pass.routing)
    }

    /// The same of the model that serves.
    private func serve(_ example: Example, _ model: SwitchTransformer) -> ([[Float]], [LayerCounts]) {
        var encoding = model.beginEncoding([EncodingPrompt(tokens: example.source, slots: 1, capacity: 8)])
        _ = model.advance(&encoding, blocks: .max)
        var counts = encoding.routing.plans.map { LayerCounts($0) }
        let state = model.finish(encoding)[0].state
        var decoder: [LayerCounts] = []
        let rows = example.inputs.map { token in
            model.enqueue(token, state, slot: 0, for: .all)
            var routing = RoutingLog()
            let logits = model.step(&routing).elements()
            let step = routing.plans.map { LayerCounts($0) }
            decoder = decoder.isEmpty ? step : zip(decoder, step).map { $0 + $1 }
            let largest = logits.max() ?? 0
            let logSum = largest + log(logits.reduce(0) { $0 + exp($1 - largest) })
            return logits.map { $0 - logSum }
        }
        counts += decoder
        return (rows, counts)
    }

    private func load(_ directory: String) throws -> (SwitchTransformer, ModelLayers, FloatBuffer) {
        let checkpoint = try CheckpointDirectory(directory)
        let configuration = try SwitchConfiguration(directory: directory, checkpoint)
        let context = LoadingContext(configuration: configuration, workers: Workers(threads: 2), reach: 64)
        let served = try SwitchTransformer(
            WeightScope(root: checkpoint),
            context,
            cache: CacheRoom(.float32, bytes: 1 << 24)
        )
        let layers = ModelLayers(ModelShape(configuration))
        let values = FloatBuffer(count: layers.layout.count)
        try layers.layout.read(checkpoint, into: values)
        return (served, layers, values)
    }

    @Test(arguments: [1, 2, 3])
    func servingRoutesAndAnswersAsTraining(choices: Int) throws {
        let run = try trained(choices: choices)
        defer { run.remove() }
        let (served, layers, values) = try load(run.folder + "/best")
        #expect(served.configuration.choices == choices)
        var dropped = 0
        for example in Self.examples {
            let (wanted, routing) = judge(example, layers, values)
            let (found, counts) = serve(example, served)
            for (wanted, found) in zip(wanted, found) {
                #expect(wanted.count == found.count)
                #expect(zip(wanted, found).allSatisfy { abs($0 - $1) <= 1e-4 }, "\(wanted) \(found)")
            }
            #expect(counts.count == 2 && routing.count == 2)
            for (count, layer) in zip(counts, routing) {
                #expect(count.tokens == layer.tokens && count.dropped == layer.dropped)
                #expect(abs(count.gateSum - layer.gateSum) < 1e-4)
                #expect(layer.total == choices * (layer.stack == .encoder ? example.source : example.inputs).count)
                dropped += layer.dropped
            }
        }
        #expect(dropped > 0)
    }

    @Test func aConfigurationSaysHowManyExpertsATokenGoesTo() throws {
        let (one, two) = (try trained(choices: 1), try trained(choices: 2))
        defer {
            one.remove()
            two.remove()
        }
        func text(_ run: TinyRun, _ file: String) throws -> String {
            try String(contentsOfFile: run.folder + "/best/" + file, encoding: .utf8)
        }
        #expect(try text(two, "config.json").contains(#""num_experts_per_tok": 2"#))
        #expect(try !text(one, "config.json").contains("num_experts_per_tok"))
    }
}

/// What a plan of serving comes to, counted as `LayerRouting` does.
private struct LayerCounts {
    var tokens: [Int]
    var dropped: Int
    var gateSum: Double

    init(_ plan: RoutingPlan) {
        tokens = Array(repeating: 0, count: plan.expertCount)
        for expert in plan.experts { tokens[Int(expert)] += 1 }
        dropped = plan.isDropped.count { $0 }
        gateSum = zip(plan.gates, plan.isDropped).reduce(0) { $0 + ($1.1 ? 0 : Double($1.0)) }
    }

    static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.tokens = zip(left.tokens, right.tokens).map { $0 + $1 }
        sum.dropped += right.dropped
        sum.gateSum += right.gateSum
        return sum
    }
}
