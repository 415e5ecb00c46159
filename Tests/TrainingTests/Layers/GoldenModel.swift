import Checkpoints
import Foundation
import SwitchModel
import Tensors

@testable import Training

/// A model of `Tests/TrainingGolden`, and what torch made of it.
struct GoldenModel {
    let layers: ModelLayers
    let values: FloatBuffer
    let regularization: Regularization
    let reference: Reference
    private let directory: String

    struct Reference: Decodable {
        var objective: Double
        var negative_log_likelihood: Double
        var balance: Double
        var z: Double
        var adamw: [Double]
        var adafactor: [Double]
        var batch: [[[Int32]]]
    }

    init(_ name: String) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = tests.appending(path: "TrainingGolden/\(name)")
        directory = folder.path
        reference = try JSONDecoder().decode(
            Reference.self,
            from: Data(contentsOf: folder.appending(path: "reference.json"))
        )
        var configuration = SwitchConfiguration(startToken: 0)
        configuration.vocabularySize = 40
        configuration.modelWidth = 16
        (configuration.heads, configuration.headWidth, configuration.feedForwardWidth) = (2, 6, 24)
        (configuration.encoderLayers, configuration.decoderLayers) = (2, 2)
        (configuration.encoderSparseStep, configuration.decoderSparseStep) = (2, 2)
        (configuration.experts, configuration.expertCapacity) = (4, 3)
        (configuration.relativeBuckets, configuration.relativeMaxDistance) = (8, 20)
        (configuration.tieWordEmbeddings, configuration.scalesDecoderOutput) = (name == "tied", name == "tied")
        layers = ModelLayers(ModelShape(configuration))
        values = FloatBuffer(count: layers.layout.count)
        try layers.layout.read(try CheckpointDirectory(directory), into: values)
        var regularization = Regularization.none
        (regularization.labelSmoothing, regularization.balance, regularization.routerZ) = (0.1, 0.01, 0.001)
        self.regularization = regularization
    }

    var batch: [Example] {
        reference.batch.map { pair in
            Example(source: pair[0], inputs: [0] + pair[1].dropLast(), labels: pair[1])
        }
    }

    /// The gradients torch found.
    func gradients() throws -> FloatBuffer {
        let gradients = FloatBuffer(count: layers.layout.count)
        try layers.layout.read(try CheckpointDirectory(directory + "/gradients"), into: gradients)
        return gradients
    }

    func workers(threads: Int) -> GradientWorkers {
        GradientWorkers(layers, values: values, regularization, on: Workers(threads: threads))
    }
}
