import ArgumentParser
import Checkpoints
import Foundation
import SwitchModel
import Tensors

/// Writes a model directory whose weights need no packing at load.
struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Packs a model's weights into a new directory that loads by mapping alone."
    )

    @OptionGroup var model: ModelOptions

    @Argument(help: "The directory to make; it must not exist.")
    var output: String

    func run() throws {
        let checkpoint = try CheckpointDirectory(model.modelDirectory)
        guard checkpoint.packing == nil else { throw ValidationError("\(model.modelDirectory) is packed already") }
        guard !FileManager.default.fileExists(atPath: output) else { throw ValidationError("\(output) exists") }
        let configuration = try model.configuration(tensors: checkpoint.claimedNames)
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        try copyOtherFiles()
        let progress = ProgressLine("packing \(model.modelDirectory)", total: configuration.parameterCount)
        let precision = model.weights.precision
        var context = LoadingContext(
            configuration: configuration,
            precision: precision,
            workers: Workers(threads: model.threads(of: .current())),
            reach: 1,
            loaded: { progress.advance(by: $0) }
        )
        let writer = try PackedFileWriter(directory: output, tensors: checkpoint.names.count)
        context.writer = writer
        let pool = try KeyValuePool(configuration.cacheShape(.float32), bytes: 1)
        _ = try SwitchTransformer(WeightScope(root: checkpoint), context, pool: pool)
        try writer.finish(precision)
        progress.finish(logger: nil)
    }

    /// Configuration and tokenizer: every small file but those of weights.
    private func copyOtherFiles() throws {
        let source = URL(fileURLWithPath: model.modelDirectory)
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path)
        where name.hasSuffix(".json") && !name.hasSuffix(".index.json") || name.hasSuffix(".model") {
            try FileManager.default.copyItem(
                at: source.appending(path: name),
                to: URL(fileURLWithPath: output).appending(path: name)
            )
        }
    }
}
