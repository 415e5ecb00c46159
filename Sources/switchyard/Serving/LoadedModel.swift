import Checkpoints
import Foundation
import Generation
import InferenceAPI
import Logging
import SwitchModel
import Tensors
import Tokenization

/// A model directory brought into memory.
struct LoadedModel {
    let configuration: SwitchConfiguration
    /// What the directory's files say of generation.
    let generation: GenerationConfiguration
    let model: SwitchTransformer
    /// What the model computes on.
    let workers: Workers
    /// nil when the directory has no tokenizer file.
    let tokenizer: (any Tokenizer)?
    /// What is to be said of it beside a checkpoint whose makers left none there; nil for nothing.
    let tokenizerNote: String?
    /// nil when the directory has no `translation.json`.
    let translation: TranslationDirections?
    /// nil when the directory has no `rerank.json`.
    let reranking: RerankTemplate?
    /// What weights are rounded to.
    let precision: ModelPrecision
    let capacityMode: CapacityMode
    /// The most that keys and values take.
    let cacheBytes: Int
    /// nil when all experts are in memory.
    let expertMemory: ExpertMemory?
    /// nil when all experts are in this process.
    let spread: ExpertSpread?
    /// What the directory says of embeddings.
    let embeddings: EmbeddingRules
    /// Changes when a file of the model does, what it is computed with, or this program.
    private(set) var fingerprint = ""
    /// Unix time of the newest weight file.
    private(set) var created = 0
    /// From opening the directory to the last tensor.
    let loadSeconds: Double

    /// Reads configuration, tokenizer and weights, and packs these: it takes seconds to minutes.
    ///
    /// - Throws: an error whose description names the file or tensor at fault.
    /// - Parameters:
    ///   - job: whose ranks have experts for this one; nil where it has all.
    ///   - roundedSublayer: the one that is held in the precision asked for, all others in Float32; nil for all.
    ///   - onProgress: told how much is loaded, from 0 to 1, on the thread that calls.
    init(
        _ options: ModelOptions,
        logger: Logger?,
        job: RankJob? = nil,
        roundedSublayer: String? = nil,
        onProgress: @escaping (Double) -> Void = { _ in }
    ) throws {
        let directory = try options.transformerDirectory()
        let started = ContinuousClock.now
        let checkpoint = try CheckpointDirectory(directory)
        var configuration = try options.configuration(of: checkpoint)
        let hasDecoder = configuration.architecture.hasDecoder
        generation = hasDecoder ? try GenerationConfiguration(directory: directory, configuration) : .init()
        tokenizer = try TokenizerDirectory(directory).tokenizer(modelVocabularySize: configuration.vocabularySize)
        tokenizerNote = try TokenizerNote(directory, checkpoint, configuration)?.text
        translation = hasDecoder ? try TranslationFile.directions(inDirectory: directory, tokenizer) : nil
        reranking = hasDecoder ? try RerankFile.template(inDirectory: directory, tokenizer) : nil
        configuration.textEnd = tokenizer?.textEnd ?? configuration.textEnd
        self.configuration = configuration
        expertMemory = configuration.experts > 0 ? options.expertMemory.map { ExpertMemory(budget: $0.bytes) } : nil
        let resident = configuration.parameterCount - (expertMemory == nil ? 0 : configuration.expertParameterCount)
        let progress = ProgressLine("loading \(options.modelDirectory)", total: resident)
        options.instructionSet.set?.use()
        try job?.settleInstructionSet()
        precision = try options.precision(of: checkpoint, configuration)
        spread = try job?.spread(options, configuration, precision)
        capacityMode = options.capacityMode
        let machine = MachineShare.current()
        workers = Workers(threads: options.threads(of: machine))
        let weightBytes = options.weightBytes(configuration, precision, expertShare: spread?.ownShare ?? 1)
        cacheBytes = options.cacheBytes(of: machine, configuration, besideWeights: weightBytes)
        machine.log(
            threads: workers.threads,
            cacheBytes: cacheBytes,
            weightBytes: weightBytes,
            to: logger
        )
        var context = LoadingContext(
            configuration: configuration,
            precision: precision.layers,
            workers: workers,
            reach: configuration.reach(
                input: options.maxInputTokens,
                output: options.maxOutputTokens + Self.forcedTokens
            ),
            loaded: {
                progress.advance(by: $0)
                onProgress(progress.fraction)
            }
        )
        context.expertPrecision = precision.experts
        context.expertMemory = expertMemory
        context.spread = spread
        context.roundedSublayer = roundedSublayer
        let cache = CacheRoom(options.cacheType.precision(for: precision.layers), bytes: cacheBytes)
        model = try SwitchTransformer(WeightScope(root: checkpoint), context, cache: cache)
        let width = configuration.modelWidth
        let sentences = try SentenceModules(directory: options.modelDirectory, width: width, on: workers)
        model.sentenceProjection = sentences?.projection
        embeddings = EmbeddingRules(
            stateWidth: width,
            length: sentences?.projection?.outputs ?? width,
            normalizes: sentences?.normalizes ?? true,
            longestText: sentences?.longestText
        )
        progress.finish(logger: logger)
        let strangers = try SurplusTensors(checkpoint.unusedNames, in: configuration.architecture).strangers
        if !strangers.isEmpty {
            logger?.warning("the model has no use for these tensors", metadata: ["tensors": "\(strangers)"])
        }
        loadSeconds = (ContinuousClock.now - started) / .seconds(1)
        identify(options, logger: logger, beside: checkpoint.original?.directory)
    }

    /// Room for a forced start of the output and the start token beside what may be generated.
    private static let forcedTokens = 4096

    /// Names what answers depend on, in the log, too.
    ///
    /// - Parameter original: where the index of another layout is, if the model is of one.
    private mutating func identify(_ options: ModelOptions, logger: Logger?, beside original: String?) {
        var fingerprint = SystemFingerprint(of: options.modelDirectory)
        let layout = try? SentenceLayout(directory: options.modelDirectory)
        for name in layout?.names ?? [] { fingerprint.add(filesOf: options.modelDirectory + "/" + name) }
        let facts: KeyValuePairs = [
            "version": BuildInformation.version,
            "weights": precision.layers.rawValue,
            "expert_weights": precision.experts.rawValue,
            "cache": options.cacheType.precision(for: precision.layers).rawValue,
            "instruction_set": InstructionSet.current.rawValue,
            "capacity_mode": capacityMode.rawValue,
            "expert_capacity": "\(configuration.expertCapacity)",
        ]
        if let original, original != options.modelDirectory { fingerprint.add(filesOf: original) }
        for (name, value) in facts { fingerprint.add(name, value) }
        (self.fingerprint, created) = ("\(fingerprint)", fingerprint.newest)
        var metadata: Logger.Metadata = ["system_fingerprint": "\(fingerprint)"]
        for (name, value) in facts { metadata[name] = "\(value)" }
        logger?.info("what answers depend on beside the request", metadata: metadata)
    }
}
