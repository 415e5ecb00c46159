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

    @Option(
        help: """
            A file of texts, one a line, that experts' weights are rounded for; a tab and the answer may follow. Default: each \
            weight is rounded by itself.
            """
    )
    var calibration: String?

    @OptionGroup(title: "Pruning") var pruning: PruningOptions

    func validate() throws {
        guard calibration == nil || pruning.keepExperts == nil else {
            throw ValidationError("--calibration is of a whole model: write what is left --unpacked, then pack that")
        }
    }

    func run() throws {
        let source = try model.transformerDirectory()
        let checkpoint = try CheckpointDirectory(source)
        guard checkpoint.packing == nil else { throw PrecisionError.packedAlready(directory: model.modelDirectory) }
        guard !FileManager.default.fileExists(atPath: output) else { throw ValidationError("\(output) exists") }
        guard calibration == nil || model.expertWeights != nil else { throw PrecisionError.calibrationAlone }
        let whole = try model.configuration(of: checkpoint)
        let pruned = try pruning.pruning(of: whole)
        let configuration = pruned?.applied(to: whole) ?? whole
        let weights: any WeightSource = pruned.map { PrunedWeights(checkpoint, $0) as any WeightSource } ?? checkpoint
        let precision = try model.precision(of: checkpoint, configuration)
        let expertInputs = try calibration.map { try inputs(CalibrationText(file: $0)) }
        let layout = try SentenceLayout(directory: model.modelDirectory)
        let target = source == model.modelDirectory ? output : output + "/" + (source as NSString).lastPathComponent
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        try copySmallFiles(from: source, to: target)
        if source != model.modelDirectory { try copySmallFiles(from: model.modelDirectory, to: output) }
        try copyModules(layout, besides: source)
        if let pruned { try pruning.describe(pruned, from: source, in: target) }
        if pruning.unpacked { return try pruning.write(weights, to: target) }
        let progress = ProgressLine("packing \(model.modelDirectory)", total: configuration.parameterCount)
        var context = LoadingContext(
            configuration: configuration,
            precision: precision.layers,
            workers: Workers(threads: model.threads(of: .current())),
            reach: 1,
            loaded: { progress.advance(by: $0) }
        )
        (context.expertPrecision, context.expertInputs) = (precision.experts, expertInputs)
        let writer = try PackedFileWriter(directory: target, tensors: weights.names.count)
        context.writer = writer
        _ = try SwitchTransformer(WeightScope(root: weights), context, cache: CacheRoom(.float32, bytes: 1))
        try writer.finish(precision)
        progress.finish(logger: nil)
    }

    /// What experts are sent while the model reads texts, in Float32.
    private func inputs(_ text: CalibrationText) throws -> ExpertInputs {
        // Products of inputs are summed by one thread, and panels are rounded by several.
        MatrixProducts.useOneThread()
        var exact = model
        (exact.weights, exact.expertWeights, exact.cacheType) = (.f32, nil, .f32)
        let pass = try CalibrationPass(LoadedModel(exact, logger: nil), exact)
        let progress = ProgressLine("reading texts", total: text.lines.count)
        let (texts, inputs) = try pass.read(text) { progress.advance(by: $0) }
        progress.finish(logger: nil)
        print("calibrated with \(texts) of \(text.lines.count) texts: \(inputs.rows) rows of all sparse layers")
        return inputs
    }

    /// Configuration and tokenizer: every small file but those of weights.
    private func copySmallFiles(from source: String, to target: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: source)
        where name.hasSuffix(".json") && !name.hasSuffix(".index.json") || name.hasSuffix(".model") {
            try FileManager.default.copyItem(atPath: source + "/" + name, toPath: target + "/" + name)
        }
    }

    /// What sentence-transformers puts behind the encoder: its weights are few and stay as they are.
    private func copyModules(_ layout: SentenceLayout?, besides transformer: String) throws {
        for name in layout?.names ?? [] {
            let source = model.modelDirectory + "/" + name
            guard source != transformer, FileManager.default.fileExists(atPath: source) else { continue }
            try FileManager.default.copyItem(atPath: source, toPath: output + "/" + name)
        }
    }
}
