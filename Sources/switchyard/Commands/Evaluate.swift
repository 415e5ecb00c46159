import ArgumentParser
import Checkpoints
import Foundation
import SwitchModel
import Tensors
import Tokenization
import Training

/// Judges a model on files: loss, perplexity, BLEU and the load of every expert.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judges a model on text: loss, perplexity, BLEU and the load of every expert.",
        discussion: "The loss is that of one pass over whole sequences; expert capacities count there, not in decoding."
    )

    @Argument(help: "A directory in the Hugging Face layout.")
    var modelDirectory: String

    @Option(help: "A file of lines 'source <tab> target'.")
    var pairs: [String] = []

    @Option(help: "A file of sources, a line each; belongs to the --target given with it.")
    var source: [String] = []

    @Option(help: "A file of targets, a line each.")
    var target: [String] = []

    @Option(help: "A file of plain text, for a language model.")
    var text: [String] = []

    @Option(help: "Put before every source.")
    var prefix = ""

    @Option(help: "Beams that translations are searched with; 1 for none. Default: the model's.")
    var beams: Int?

    @Option(help: "The most tokens of a translation, and the tokens of a stretch of text.")
    var maxTokens = 128

    @Option(help: "Tokens of a batch.")
    var batchTokens = 4096

    @Option(
        help:
            "Threads that compute. Default: one for each processor this process may use, or what its quota comes nearest to."
    )
    var threads: Int?

    @Flag(help: "Leave translations and BLEU out.")
    var lossOnly = false

    @Option(help: "Where to write the translations, a line each.")
    var output: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try Limit.check("--beams", beams ?? 1, in: 1...128)
        try Limit.check("--max-tokens", maxTokens, in: 1...8192)
        try Limit.check("--batch-tokens", batchTokens, in: 16...1_048_576)
        try Limit.check("--threads", threads ?? 1, in: 1...MachineShare.mostThreads)
        guard source.count == target.count else { throw ValidationError("every --source needs its --target") }
        guard (pairs.isEmpty && source.isEmpty) != text.isEmpty else {
            throw ValidationError("give --pairs, or --source and --target, or --text")
        }
    }

    func run() async throws {
        let report = try await OwnThread.run { try ModelEvaluation(self).report() }
        if json {
            print(String(decoding: try JSONEncoder.ofRuns(.prettyPrinted).encode(report), as: UTF8.self))
        } else {
            print(report.text)
        }
    }
}
