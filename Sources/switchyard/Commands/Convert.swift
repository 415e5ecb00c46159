import ArgumentParser
import Checkpoints
import Foundation
import SwitchModel

/// The precision weights are written in.
enum WrittenWeightsOption: String, ExpressibleByArgument, CaseIterable {
    case stored
    case f32
    case bf16
}

/// Writes a model of any layout that is read as a directory of the Hugging Face layout.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a checkpoint of any layout that is read as a directory in the Hugging Face layout.",
        discussion: "Interrupted and called again in the same words, it goes on."
    )

    @Argument(help: "A checkpoint of T5X or Mesh TensorFlow, or a directory in the Hugging Face layout.")
    var input: String

    @Argument(help: "The directory to make, or to go on with.")
    var output: String

    @Option(help: "What weights are written in: stored is bf16 where they are that, else f32.")
    var weights = WrittenWeightsOption.stored

    @OptionGroup var assumptions: AssumptionOptions

    func run() throws {
        let checkpoint = try CheckpointDirectory(input)
        guard checkpoint.packing == nil else { throw PrecisionError.packedAlready(directory: input) }
        let files = try ConvertedFiles(checkpoint, assumptions.values())
        let plan = ShardPlan(try tensors(checkpoint, files.configuration))
        let state = ConversionState(output, input: input, weights: weights.rawValue, plan)
        try state.begin()
        let progress = ProgressLine("converting \(input)", total: 2 * plan.byteCount)
        try ShardConversion(from: checkpoint, into: output) { progress.advance(by: $0) }.run(plan)
        try files.write(into: output, plan, type: plan.shards.first?.tensors.first?.type ?? .float32)
        try state.end()
        progress.finish(logger: nil)
        let megabytes = plan.byteCount / 1_000_000
        let count = plan.shards.reduce(0) { $0 + $1.tensors.count }
        print("wrote \(count) tensors, \(megabytes) MB, to \(output), and read them back: each is equal to its source")
        for note in files.configuration.assumptions { print(note) }
    }

    /// What is to be written: the model's tensors, all there and of its shapes.
    private func tensors(
        _ checkpoint: CheckpointDirectory,
        _ configuration: SwitchConfiguration
    ) throws -> [ShardPlan.Tensor] {
        guard checkpoint.original != nil else {
            return try checkpoint.unusedNames.map { try tensor($0, from: $0, checkpoint) }
        }
        var shapes = configuration.tensorShapes
        // T5's configuration calls its head tied, whatever it has: the tensors tell.
        if checkpoint.names.contains("lm_head.weight") { shapes["lm_head.weight"] = shapes["shared.weight"] }
        var tensors: [ShardPlan.Tensor] = []
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let tensor = try tensor(name, from: name, checkpoint)
            guard tensor.shape == shape else {
                throw CheckpointError.shapeMismatch(name: name, file: input, expected: shape, found: tensor.shape)
            }
            tensors.append(tensor)
        }
        if let surplus = checkpoint.names.subtracting(shapes.keys).min() {
            throw CheckpointError.notCalledFor(name: surplus, others: checkpoint.names.count - shapes.count - 1)
        }
        // transformers takes these from shared.weight only where the head is tied to it, too.
        if configuration.modelType == .switchTransformers, !configuration.tieWordEmbeddings {
            for stack in ["encoder", "decoder"] {
                tensors.append(try tensor("\(stack).embed_tokens.weight", from: "shared.weight", checkpoint))
            }
        }
        return tensors
    }

    private func tensor(
        _ name: String,
        from source: String,
        _ checkpoint: CheckpointDirectory
    ) throws -> ShardPlan.Tensor {
        let tensor = try checkpoint.tensor(named: source)
        let isBrain = weights == .bf16 || weights == .stored && tensor.elementType == .bfloat16
        return ShardPlan.Tensor(name, from: source, tensor.shape, isBrain ? .bfloat16 : .float32)
    }
}
