import ArgumentParser
import Checkpoints
import SwitchModel
import Tensors

/// The precision weights are held in.
enum WeightsOption: String, ExpressibleByArgument, CaseIterable {
    case auto
    case f32
    case bf16
    case int8
    case int4

    /// What `auto` is on this processor, else what was named.
    var precision: WeightPrecision { WeightPrecision(rawValue: rawValue) ?? .automatic }
}

/// The precision experts are held in, where it is not that of all weights.
enum ExpertWeightsOption: String, ExpressibleByArgument, CaseIterable {
    case int4
    case int3
    case int2

    var precision: WeightPrecision {
        switch self {
        case .int4: .int4
        case .int3: .int3
        case .int2: .int2
        }
    }
}

/// The precision keys and values are held in.
enum CacheOption: String, ExpressibleByArgument, CaseIterable {
    case auto
    case f32
    case bf16
    case int8

    /// What `auto` is beside weights of that precision, else what was named.
    func precision(for weights: WeightPrecision) -> KeyValuePool.Precision {
        KeyValuePool.Precision(rawValue: rawValue) ?? (weights == .float32 ? .float32 : .bfloat16)
    }
}

/// Instructions to run on where the processor has better ones.
enum InstructionSetOption: String, ExpressibleByArgument, CaseIterable {
    case auto
    case plain
    case avx2
    case avx512
    case avx512VNNI = "avx512-vnni"
    case avx512BF16 = "avx512-bf16"

    /// nil for the best this processor has.
    var set: InstructionSet? { InstructionSet(rawValue: rawValue) }
}

/// The flags every command that runs a model has.
struct ModelOptions: ParsableArguments {
    @Argument(help: "A directory in the Hugging Face layout, or a checkpoint of T5X or Mesh TensorFlow.")
    var modelDirectory: String

    @OptionGroup var assumptions: AssumptionOptions

    @Option(help: "The precision weights are held in: auto is bf16 where the processor multiplies it, else f32.")
    var weights = WeightsOption.auto

    @Option(help: "The precision experts are held in, for models that would not fit otherwise. Default: --weights.")
    var expertWeights: ExpertWeightsOption?

    @Option(help: "The instructions kernels run on, for tests: auto is the fastest this processor has.")
    var instructionSet = InstructionSetOption.auto

    @Option(help: "What keys and values are held in: auto is f32 with weights in f32, else bf16.")
    var cacheType = CacheOption.auto

    @Option(
        help:
            "Memory for keys and values of running requests, such as 2G. Default: 4G, or what weights leave of the memory this process may use."
    )
    var cacheMemory: ByteSize?

    @Option(
        help:
            "What becomes of a token whose expert is full: residual adds nothing, passthrough its gated input, none never fills one."
    )
    var capacityMode = CapacityMode.residual

    @Option(help: "Tokens of a sequence that an expert takes. Default: the configuration's.")
    var expertCapacity: Int?

    @Option(
        help:
            "Memory for experts, such as 2G: the others stay in the files until the router asks. Default: all in memory."
    )
    var expertMemory: ByteSize?

    @Option(
        help:
            "Threads that compute. Default: one for each processor this process may use, or what its quota comes nearest to."
    )
    var threads: Int?

    @Option(help: "The longest prompt accepted, in tokens.")
    var maxInputTokens = 4096

    @Option(help: "The most tokens a request may generate, and how many it gets when it does not say.")
    var maxOutputTokens = 512

    func validate() throws {
        try Limit.check("--threads", threads ?? 1, in: 1...MachineShare.mostThreads)
        try Limit.check("--expert-capacity", expertCapacity ?? 1, in: 1...Int(Int32.max))
        try Limit.check("--max-input-tokens", maxInputTokens, in: 1...1_000_000)
        try Limit.check("--max-output-tokens", maxOutputTokens, in: 1...1_000_000)
    }
}

extension ModelOptions {
    /// What weights are rounded to: what `checkpoint` was packed to, if it was.
    ///
    /// - Throws: `CheckpointError.packedOtherwise`, and `PrecisionError` where experts are asked for that are not there.
    func precision(of checkpoint: CheckpointDirectory, _ configuration: SwitchConfiguration) throws -> ModelPrecision {
        guard expertWeights == nil || configuration.expertParameterCount > 0 else {
            throw PrecisionError.noExperts(directory: modelDirectory)
        }
        guard let packing = checkpoint.packing else {
            return ModelPrecision(weights.precision, experts: expertWeights?.precision)
        }
        let asked = (weights == .auto ? WeightsOption.allCases.filter { $0 != .auto } : [weights]).map(\.precision)
        let experts = expertWeights.map { [$0.precision] } ?? [nil] + ExpertWeightsOption.allCases.map(\.precision)
        let accepted = asked.flatMap { layers in experts.map { ModelPrecision(layers, experts: $0) } }
        guard let precision = accepted.first(where: { PackedFileWriter.packing($0) == packing }) else {
            let wanted = asked.map { PackedFileWriter.packing(ModelPrecision($0, experts: expertWeights?.precision)) }
            throw CheckpointError.packedOtherwise(
                directory: modelDirectory,
                packing: packing,
                wanted: wanted.joined(separator: " or ")
            )
        }
        return precision
    }

    /// Threads that compute: those asked for, or what suits what this process may use of the machine.
    func threads(of machine: MachineShare) -> Int { threads ?? machine.threads }

    /// Bytes for keys and values beside so many of weights: those asked for, or what suits `machine`; none without a decoder.
    func cacheBytes(of machine: MachineShare, _ configuration: SwitchConfiguration, besideWeights bytes: Int) -> Int {
        guard configuration.architecture.hasDecoder else { return 0 }
        return cacheMemory?.bytes ?? machine.cacheBytes(besideWeights: bytes)
    }

    /// What weights take in memory, of experts no more than `--expert-memory`.
    ///
    /// - Parameter expertShare: of all experts, how much this process has, from 0 to 1.
    func weightBytes(
        _ configuration: SwitchConfiguration,
        _ precision: ModelPrecision,
        expertShare: Double
    ) -> Int {
        let bytes = configuration.weightBytes(precision)
        let experts = min(bytes, Int(Double(configuration.expertParameterCount) * precision.experts.bytesPerWeight))
        let own = Int(Double(experts) * expertShare)
        return bytes - experts + min(own, expertMemory?.bytes ?? own)
    }

    /// Where configuration, weights and tokenizer are: in the model directory, or in one of its own there.
    ///
    /// - Throws: `ConfigurationError` for a `modules.json` that cannot be followed.
    func transformerDirectory() throws -> String {
        try SentenceLayout.transformerDirectory(of: modelDirectory)
    }

    /// The model directory's configuration, set right by its tensors and by these flags.
    func configuration(of checkpoint: CheckpointDirectory) throws -> SwitchConfiguration {
        if expertMemory != nil, checkpoint.original?.expertsShareChunks == true {
            throw PrecisionError.expertsShareChunks(directory: modelDirectory)
        }
        var configuration = try SwitchConfiguration(
            directory: transformerDirectory(),
            checkpoint,
            assuming: assumptions.values()
        )
        if let expertCapacity { configuration.expertCapacity = expertCapacity }
        capacityMode.apply(to: &configuration)
        return configuration
    }
}

/// Checks of numbers given as flags.
enum Limit {
    /// Refuses a number out of range.
    ///
    /// - Throws: `ValidationError`, with which the program ends with status 2.
    static func check(_ flag: String, _ value: Int, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(flag) is \(value), but must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// Refuses minutes that something may take, if there is a limit, when they are none.
    ///
    /// - Throws: `ValidationError`, with which the program ends with status 2.
    static func check(minutes: Double?) throws {
        if let minutes, !(minutes > 0 && minutes <= 10_000_000) {
            throw ValidationError("--max-minutes is \(minutes), but must be more than 0 and at most 10000000")
        }
    }
}
