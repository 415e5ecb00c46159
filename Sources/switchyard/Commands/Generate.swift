import ArgumentParser
import Batching
import Foundation
import Generation
import SwitchModel
import Telemetry
import Tokenization

/// Answers prompts without a server: one given as a flag, or one per line of standard input.
struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Generates text for prompts from the command line.")

    @OptionGroup var model: ModelOptions

    @OptionGroup var generation: GenerationOptions

    @Option(help: "The prompt. Without it, one prompt per line of standard input.")
    var prompt: String?

    @Option(help: "Beams of the search; 1 for none. Default: the model's.")
    var beams: Int?

    @Option(help: "How many of the hypotheses to print, best first.")
    var returned = 1

    @Option(help: "Exponent of the length that scores are divided by. Default: the model's, else 1.")
    var lengthPenalty: Float?

    @Option(help: "When beam search ends: false, true or never. Default: the model's, else false.")
    var earlyStopping: EarlyStoppingOption?

    @Option(help: "The most tokens generated for a prompt. Default: the model's, else --max-output-tokens.")
    var maxTokens: Int?

    @Option(
        help:
            "0 for the most probable token at each step, else the temperature tokens are drawn with. Default: the model's, else 0, or 1 with a language model."
    )
    var temperature: Float?

    @Option(help: "Seed of random draws.")
    var seed: UInt64 = 0

    @Flag(help: "One JSON object per prompt, with token ids and scores.")
    var json = false

    func validate() throws {
        try Limit.check("--beams", beams ?? 1, in: 1...128)
        try Limit.check("--returned", returned, in: 1...(beams ?? 128))
        if let maxTokens { try Limit.check("--max-tokens", maxTokens, in: 1...model.maxOutputTokens) }
        guard let temperature else { return }
        guard temperature.isFinite, temperature >= 0 else {
            throw ValidationError("--temperature is \(temperature), but must be 0 or more")
        }
        guard temperature == 0 || (beams ?? 1) == 1 else {
            throw ValidationError("--temperature and --beams exclude each other")
        }
    }

    func run() async throws {
        let loaded = try LoadedModel(model, logger: nil)
        try DecoderNeeded.check(loaded.configuration, model.modelDirectory, to: "generate text")
        var limits = EngineLimits()
        limits.maximumRows = max(limits.maximumRows, beams ?? 1, returned)
        limits.maximumInputTokens = model.maxInputTokens
        limits.maximumOutputTokens = model.maxOutputTokens
        limits.maximumCacheBytes = loaded.cacheBytes
        let command = PromptRunner(
            tokenizer: loaded.tokenizer,
            configuration: loaded.configuration,
            generation: loaded.generation,
            options: self,
            maximumRows: limits.maximumRows
        )
        let engine = InferenceEngine(
            loaded.model,
            limits: limits,
            registry: MetricsRegistry(),
            load: ExpertLoad(layers: [])
        )
        defer { engine.stop() }
        if let prompt {
            try await command.answer(prompt, engine)
        } else {
            var lines = PromptLines()
            while let line = try lines.next() { try await command.answer(line, engine) }
            if let fault = lines.fault { try FileHandle.standardError.write(contentsOf: Data("\(fault)\n".utf8)) }
        }
    }
}

/// The three ways beam search ends, as transformers spells them.
enum EarlyStoppingOption: String, ExpressibleByArgument, CaseIterable {
    case `false`
    case `true`
    case never

    var value: BeamParameters.EarlyStopping {
        switch self {
        case .false: .heuristic
        case .true: .whenFull
        case .never: .never
        }
    }
}
