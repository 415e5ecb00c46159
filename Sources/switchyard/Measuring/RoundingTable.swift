import Checkpoints
import Foundation
import SwitchModel
import Tensors

/// What rounding a checkpoint's weights costs every linear layer, and what was balanced: a line each.
struct RoundingTable {
    let survey: RoundingSurvey

    /// Reads all weights and keeps those of one layer at a time in memory, or little more.
    ///
    /// - Throws: `CheckpointError` for a tensor that is missing, of another shape, or not finite.
    init(_ checkpoint: CheckpointDirectory, _ configuration: SwitchConfiguration, _ precision: WeightPrecision) throws {
        survey = RoundingSurvey()
        let workers = Workers(threads: ProcessInfo.processInfo.activeProcessorCount)
        var context = LoadingContext(configuration: configuration, precision: precision, workers: workers, reach: 1)
        context.survey = survey
        _ = try SwitchTransformer(WeightScope(root: checkpoint), context, cache: CacheRoom(.float32, bytes: 1))
    }

    /// Lines of all layers, or of those of one of the configuration's sublayers.
    func lines(of sublayer: String? = nil) -> [String] {
        let layers = survey.layers.filter { layer in
            guard let sublayer else { return true }
            let isHead = !layer.name.contains(".block.")
            return sublayer == SwitchConfiguration.head ? isHead : layer.name.hasPrefix(sublayer + ".")
        }
        return layers.map { layer in
            let loss = layer.loss
            let balanced =
                layer.moved == 0
                ? "nothing to balance"
                : String(
                    format: "balanced %d of %d units, by up to 2^%d; unbalanced %.2f %%",
                    layer.moved,
                    layer.units,
                    layer.reach,
                    100 * loss.unbalanced
                )
            return String(format: "loses %5.2f %%  ", 100 * loss.balanced) + "\(layer.name): \(balanced)"
        }
    }
}
