import Foundation
import SwitchModel
import Testing

@testable import Training

/// A run that is over in a second: a few pairs to turn around, with a model of a few thousand weights.
struct TinyRun {
    let folder: String
    var settings = TrainingSettings()

    init() {
        folder = NSTemporaryDirectory() + "run-\(UUID().uuidString)"
        (settings.model.modelWidth, settings.model.feedForwardWidth) = (16, 24)
        (settings.model.heads, settings.model.headWidth) = (2, 8)
        (settings.model.encoderLayers, settings.model.decoderLayers, settings.model.experts) = (2, 2, 2)
        (settings.steps, settings.batchTokens, settings.workers) = (12, 60, 2)
        (settings.saveEvery, settings.validateEvery, settings.logEvery) = (4, 4, 1)
        (settings.learningRate.peak, settings.learningRate.warmup) = (0.01, 2)
    }

    static var pairs: [(source: [Int32], target: [Int32])] {
        (0..<40).map { index in
            let word = [2 + Int32(index % 7), 2 + Int32(index / 7 % 5), 2 + Int32(index % 3)]
            return (word, word.reversed())
        }
    }

    func trainer(judgedPairs: Int = 5, in team: RankTeam = RankTeam()) throws -> Trainer {
        let special = SpecialIDs(start: 0, end: 1)
        let shape = settings.shape(settings.model.shape(vocabularySize: 12, special))
        let training = PairExamples(Self.pairs, special, maximumTokens: 20)
        let validation = PairExamples(Array(Self.pairs.prefix(judgedPairs)), special, maximumTokens: 20)
        return try Trainer(
            settings,
            shape,
            Trainer.Parts(
                run: team.isFirst ? try RunDirectory(folder) : nil,
                training: training,
                validation: validation,
                judge: nil,
                export: ModelExport(shape.configuration, settings, .new(vocabulary: []))
            ),
            in: team
        )
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}

enum GoldenModelShape {
    /// Layers of the smallest model, for their parameters' names.
    static let layers = ModelLayers(LayerBench.shape)
}
