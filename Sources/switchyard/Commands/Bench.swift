import ArgumentParser
import Foundation
import SwitchModel
import Tensors

/// Measures decoding and encoding against what the machine can do, in the same moments.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how near to the machine's limits a model decodes and encodes."
    )

    @OptionGroup var model: ModelOptions

    @Option(help: "Sequences decoded together; one measurement for each number, but none of an encoder alone.")
    var sequences = [1, 8, 32, 64]

    @Option(help: "Tokens that each of them has read before, 0 to the most of an output.")
    var history = 0

    @Option(help: "Tokens of the prompt encoded; one measurement for each number.")
    var encode = [64, 512]

    @Option(help: "Rounds of each measurement; medians are reported.")
    var rounds = 15

    @Option(help: "How tokens are drawn, which decides how evenly experts are used.")
    var draw = TokenDraw.Distribution.uniform

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    func validate() throws {
        for count in sequences { try Limit.check("--sequences", count, in: 1...1024) }
        try Limit.check("--history", history, in: 0...model.maxOutputTokens)
        for count in encode { try Limit.check("--encode", count, in: 1...model.maxInputTokens) }
        try Limit.check("--rounds", rounds, in: 1...10_000)
    }

    func run() throws {
        let loaded = try LoadedModel(model, logger: nil)
        let bench = ModelBench(
            loaded,
            rounds: rounds,
            draw: TokenDraw(draw, vocabulary: loaded.configuration.vocabularySize)
        )
        var results: [BenchResult] = []
        if !json { print(BenchResult.heading) }
        let decoded = loaded.configuration.architecture.hasDecoder ? sequences : []
        let measures =
            decoded.map { count in { () throws in try bench.decode(sequences: count, history: history) } }
            + encode.map { count in { () throws in try bench.encode(tokens: count) } }
        for measure in measures {
            let result = try measure()
            results.append(result)
            if !json { print(result.line) }
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(report(loaded, results)), as: UTF8.self))
        }
    }

    private func report(_ loaded: LoadedModel, _ results: [BenchResult]) -> BenchReport {
        BenchReport(
            version: BuildInformation.version,
            model: model.modelDirectory,
            weights: loaded.precision.layers.rawValue,
            expertWeights: loaded.precision.experts.rawValue,
            instructionSet: InstructionSet.current.rawValue,
            threads: loaded.workers.threads,
            loadSeconds: loaded.loadSeconds,
            results: results
        )
    }
}

/// What `--json` prints.
struct BenchReport: Encodable {
    let version: String
    let model: String
    let weights: String
    let expertWeights: String
    let instructionSet: String
    /// The caller's included.
    let threads: Int
    /// Of the whole model, from opening its directory on.
    let loadSeconds: Double
    let results: [BenchResult]

    enum CodingKeys: String, CodingKey {
        case version, model, weights, threads, results
        case expertWeights = "expert_weights"
        case instructionSet = "instruction_set"
        case loadSeconds = "load_seconds"
    }
}
