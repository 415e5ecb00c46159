import ArgumentParser
import Checkpoints
import Foundation
import Generation
import InferenceAPI
import SwitchModel
import Tensors
import Tokenization

/// Shows what a model directory holds, without loading it, and what rounding its weights would cost.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows the configuration and size of a model.")

    @Argument(help: "A directory in the Hugging Face layout, or a checkpoint of T5X or Mesh TensorFlow.")
    var modelDirectory: String

    @OptionGroup var assumptions: AssumptionOptions

    @Option(help: "Show what rounding to it costs each linear layer and what was balanced, too; reads all weights.")
    var weights: WeightsOption?

    func run() throws {
        let layout = try SentenceLayout(directory: modelDirectory)
        let directory = layout?.directory(of: .transformer) ?? modelDirectory
        let checkpoint = try CheckpointDirectory(directory)
        let model = try SwitchConfiguration(of: checkpoint, assuming: assumptions.values())
        let parameters = model.parameterCount
        let experts = model.expertParameterCount
        if let original = checkpoint.original { print("checkpoint of         \(original.layout.rawValue)") }
        show(rows(model))
        print("parameters            \(parameters) (\(experts) in experts)")
        print("tensors               \(checkpoint.names.count)")
        show(defaults(model))
        if let packing = checkpoint.packing { print("packed as             \(packing)") }
        let sizes = WeightsOption.allCases.filter { $0 != .auto }.map { option in
            "\(option.rawValue) \(Self.readable(model.weightBytes(ModelPrecision(option.precision))))"
        }
        print("bytes by --weights    \(sizes.joined(separator: ", "))")
        print("tokenizer             \(TokenizerDirectory(directory).source ?? "none: prompts are token ids")")
        if let note = try TokenizerNote(directory, checkpoint, model)?.text { print("                      \(note)") }
        if let layout { try showSentences(layout, model) }
        if model.architecture.hasDecoder { try showGeneration(directory, model) }
        for assumption in model.assumptions { print("assumed               \(assumption)") }
        for note in model.notes { print("repaired              \(note)") }
        if let weights { try showRounding(checkpoint, model, weights.precision) }
    }

    private func showSentences(_ layout: SentenceLayout, _ model: SwitchConfiguration) throws {
        let modules = try SentenceModules(directory: modelDirectory, width: model.modelWidth, on: Workers(threads: 1))
        let projection = modules?.projection.map { ", projected to \($0.outputs)" } ?? ""
        let length = modules?.normalizes == true ? ", of length 1" : ""
        print("embeddings            the mean of all tokens\(projection)\(length)")
    }

    private func showGeneration(_ directory: String, _ model: SwitchConfiguration) throws {
        let generation = try GenerationConfiguration(directory: directory, model)
        for entry in generation.entries {
            print("\(generation.source): \(entry.key) \(entry.value), \(entry.effect.text(.model))")
        }
        let tokenizer = try TokenizerDirectory(directory).tokenizer(modelVocabularySize: model.vocabularySize)
        let translation = try TranslationFile.directions(inDirectory: directory, tokenizer)
        for rule in translation?.rules ?? [] {
            let (sources, targets) = (rule.sources.joined(separator: " "), rule.targets.joined(separator: " "))
            print("translates            \(sources) → \(targets)")
        }
        if let judge = try RerankFile.template(inDirectory: directory, tokenizer) {
            print("ranks documents       by token \(judge.relevant) beside \(judge.irrelevant)")
        }
    }

    /// The share of a column that rounding loses, on average over the columns of a layer.
    private func showRounding(
        _ checkpoint: CheckpointDirectory,
        _ model: SwitchConfiguration,
        _ precision: WeightPrecision
    ) throws {
        guard checkpoint.packing == nil else {
            throw ValidationError("\(modelDirectory) is packed: it was rounded and balanced then")
        }
        let lines = try RoundingTable(checkpoint, model, precision).lines()
        print("\(precision.rawValue): \(lines.isEmpty ? "columns do not share a scale" : "of a column is lost")")
        for line in lines { print(line) }
    }

    private func show(_ rows: [(String, String)]) {
        for (name, value) in rows { print("\(name.padding(toLength: 22, withPad: " ", startingAt: 0))\(value)") }
    }

    private func rows(_ model: SwitchConfiguration) -> [(String, String)] {
        func sparse(_ stack: SwitchConfiguration.Stack) -> String {
            let blocks = model.sparseBlocks(in: stack).map(String.init).joined(separator: " ")
            if model.layers(in: stack) == 0 { return "none" }
            return "\(model.layers(in: stack)) layers, sparse: \(blocks.isEmpty ? "none" : blocks)"
        }
        let hasExperts = model.expertParameterCount > 0
        return [
            ("model type", model.modelType.rawValue),
            ("model width", "\(model.modelWidth)"),
            (
                "feed-forward",
                "\(model.feedForwardWidth), \(model.feedForward.isGated ? "gated " : "")\(model.feedForward.activation)"
            ),
            ("heads", "\(model.heads) of \(model.headWidth)"),
            ("encoder", sparse(.encoder)),
            ("decoder", sparse(.decoder)),
            (
                "experts",
                hasExperts
                    ? "\(model.experts)\(pruned(model))\(model.choices > 1 ? ", \(model.choices) for each token" : ""), "
                        + "capacity \(model.expertCapacity) tokens of a sequence" : "none"
            ),
        ] + tokens(model)
    }

    private func pruned(_ model: SwitchConfiguration) -> String {
        model.prunedFrom.map { " of \($0) that there were, the most used ones" } ?? ""
    }

    private func tokens(_ model: SwitchConfiguration) -> [(String, String)] {
        guard model.architecture.hasDecoder else {
            return [
                ("serves", "embeddings: an encoder alone generates nothing"),
                ("vocabulary", "\(model.vocabularySize)"), ("end, pad", "\(model.textEnd), \(model.padToken)"),
            ]
        }
        return [
            ("vocabulary", "\(model.vocabularySize), \(model.hasOwnHead ? "untied" : "tied") embeddings"),
            ("start, end, pad", "\(model.startToken), \(model.endTokens), \(model.padToken)"),
        ]
    }

    /// What this process may use here, and what flags that are not given are for it.
    private func defaults(_ model: SwitchConfiguration) -> [(String, String)] {
        let machine = MachineShare.current()
        let cache = ByteSize(bytes: machine.cacheBytes(besideWeights: model.weightBytes(ModelPrecision(.automatic))))
        let memory = machine.memory.map(Self.readable) ?? "unknown"
        let quota = machine.quota.map { ", a quota of \(String(format: "%g", $0))" } ?? ""
        let room = model.architecture.hasDecoder ? ": --cache-memory \(cache.defaultValueDescription)" : ""
        return [
            ("processors here", "\(machine.processors)\(quota): --threads \(machine.threads)"),
            ("memory here", memory + room),
        ]
    }

    private static func readable(_ bytes: Int) -> String {
        String(format: bytes < 1 << 30 ? "%.1f MB" : "%.2f GB", Double(bytes) / (bytes < 1 << 30 ? 1e6 : 1e9))
    }
}
