import Checkpoints
import Foundation
import Logging
import SwitchModel
import Tensors
import Tokenization

/// A model directory brought into memory.
struct LoadedModel {
    let configuration: SwitchConfiguration
    let model: SwitchTransformer
    /// What the model computes on.
    let workers: Workers
    /// nil when the directory has no tokenizer file.
    let tokenizer: (any Tokenizer)?
    /// What weights are rounded to.
    let precision: WeightPrecision
    let capacityMode: CapacityMode
    /// nil when all experts are in memory.
    let expertMemory: ExpertMemory?
    /// Changes when a weight file, the precision or this program does.
    let fingerprint: String
    /// Unix time of the newest weight file.
    let created: Int
    let loadSeconds: Double

    /// - Throws: an error whose description names the file or tensor at fault.
    /// - Parameter onProgress: told how much is loaded, from 0 to 1.
    init(_ options: ModelOptions, logger: Logger?, onProgress: @escaping (Double) -> Void = { _ in }) throws {
        let directory = options.modelDirectory
        let started = ContinuousClock.now
        let checkpoint = try CheckpointDirectory(directory)
        configuration = try options.configuration(tensors: checkpoint.claimedNames)
        tokenizer = try TokenizerDirectory(directory).tokenizer(modelVocabularySize: configuration.vocabularySize)
        expertMemory = configuration.experts > 0 ? options.expertMemory.map { ExpertMemory(budget: $0.bytes) } : nil
        let resident = configuration.parameterCount - (expertMemory == nil ? 0 : configuration.expertParameterCount)
        let progress = ProgressLine("loading \(directory)", total: resident)
        options.instructionSet.set?.use()
        precision = try options.precision(of: checkpoint)
        capacityMode = options.capacityMode
        workers = Workers(threads: options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        var context = LoadingContext(
            configuration: configuration,
            precision: precision,
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
        context.expertMemory = expertMemory
        let pool = try KeyValuePool(
            configuration.cacheShape(options.cacheType.precision(for: precision)),
            bytes: options.cacheMemory.bytes
        )
        model = try SwitchTransformer(WeightScope(root: checkpoint), context, pool: pool)
        progress.finish(logger: logger)
        let strangers = try SurplusTensors(checkpoint.unusedNames).strangers
        if !strangers.isEmpty {
            logger?.warning("the model has no use for these tensors", metadata: ["tensors": "\(strangers)"])
        }
        loadSeconds = (ContinuousClock.now - started) / .seconds(1)
        (fingerprint, created) = Self.identity(of: directory, precision)
    }

    /// Room for a forced start of the output and the start token beside what may be generated.
    private static let forcedTokens = 4096

    /// Names, sizes and times of the weight files and what they are rounded to, hashed; and the newest of the times.
    private static func identity(
        of directory: String,
        _ precision: WeightPrecision
    ) -> (fingerprint: String, created: Int) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var newest = 0
        for name in files.sorted() where [".packed", ".safetensors", ".bin", ".json"].contains(where: name.hasSuffix) {
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)") else {
                continue
            }
            let size = attributes[.size] as? Int ?? 0
            let modified = Int((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0)
            newest = max(newest, modified)
            for byte in "\(name) \(size) \(modified) \(BuildInformation.version) \(precision)".utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        }
        return ("fp_" + String(format: "%016lx", hash), newest)
    }
}
