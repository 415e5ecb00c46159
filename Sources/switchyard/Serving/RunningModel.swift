import Batching
import Foundation
import Generation
import InferenceAPI
import Logging
import SwitchModel
import Telemetry
import Tensors
import Tokenization

/// A loaded model with the engine that runs it.
struct RunningModel: Sendable {
    let backend: InferenceBackend
    let engine: InferenceEngine
    /// Where the load of every expert is counted.
    let load: ExpertLoad
    /// The ranks of each expert, by sparse layer; nil where this process has all.
    private let owners: [[[Int]]]?

    /// Reads the checkpoint, which takes a while, and starts the engine.
    ///
    /// - Parameters:
    ///   - served: which shows the model's metrics once it is loaded, and is told how much is.
    ///   - job: whose ranks have experts for this one; nil where it has all.
    /// - Throws: an error whose description names the file or tensor at fault.
    init(
        _ options: Serve,
        for served: ServedProcess,
        _ job: RankJob?,
        logger: Logger
    ) throws {
        let (state, registry) = (served.state, served.registry)
        let loaded = try LoadedModel(options.model, logger: logger, job: job) { state.loading(progress: $0) }
        try job?.awaitLoaded()
        for note in loaded.configuration.assumptions + loaded.configuration.notes { logger.notice("\(note)") }
        if let note = loaded.tokenizerNote { logger.notice("\(note)") }
        Self.log(loaded.generation, options, logger)
        if let file = TokenizerDirectory(try options.model.transformerDirectory()).chatTemplateSource {
            logger.notice("the chat template of \(file) is not followed: --chat-prompt has the rule for prompts")
        }
        owners = loaded.spread?.placement.owners
        load = ExpertLoad(layers: Self.sparseLayers(loaded.configuration))
        load.register(in: registry)
        loaded.expertMemory?.register(in: registry)
        ExpertSpread.register(loaded.spread, in: registry)
        Self.describe(loaded, modelID: options.servedModelID, in: registry)
        // One that is told to end takes all with it.
        loaded.spread?.onLeaver = { if state.readiness == .ready { kill(getpid(), SIGUSR1) } }
        engine = InferenceEngine(loaded.model, limits: Self.limits(options, loaded), registry: registry, load: load) {
            state.beginDraining()
            RankJob.leaveLost($0, logger)
        }
        var model = ServedModel(
            id: options.servedModelID,
            architecture: .init(loaded.configuration.architecture),
            created: loaded.created,
            tokenizer: loaded.tokenizer,
            vocabularySize: loaded.configuration.vocabularySize,
            endTokens: loaded.configuration.endTokens,
            systemFingerprint: loaded.fingerprint,
            prompt: { [configuration = loaded.configuration] in configuration.prompt($0) }
        )
        (model.weights, model.expertWeights) = (loaded.precision.layers.rawValue, loaded.precision.experts.rawValue)
        (model.generation, model.speaker) = (loaded.generation, options.generation.generationDefaults)
        model.embeddings = loaded.embeddings
        model.decoderBlocks = loaded.configuration.layers(in: .decoder)
        (model.translation, model.reranking) = (loaded.translation, loaded.reranking)
        backend = InferenceBackend(model: model, engine: engine)
    }

    /// Says what the model's files ask of generation, and what becomes of it.
    private static func log(_ generation: GenerationConfiguration, _ options: Serve, _ logger: Logger) {
        for (effect, entries) in Dictionary(grouping: generation.entries, by: \.effect).sorted(by: { $0.key < $1.key })
        {
            logger.info(
                "\(generation.source), \(effect.text(options.generation.generationDefaults))",
                metadata: Logger.Metadata(uniqueKeysWithValues: entries.map { ($0.key, "\($0.value)") })
            )
        }
        let rows = options.admission.maxSequences
        if options.generation.generationDefaults == .model, let beams = generation.defaults.beams, beams > rows {
            logger.notice("\(generation.source) asks for \(beams) beams; --max-sequences allows \(rows)")
        }
    }

    /// The load of every expert, for people and programs.
    var expertReport: ExpertReport {
        let rows = zip(load.layers.enumerated(), zip(load.totals, load.window))
        return ExpertReport(
            layers: rows.map { layer, loads in
                .init(layer: layer.element, total: loads.0.load, window: loads.1, ranks: owners?[layer.offset])
            },
            windowSeconds: Double(ExpertLoad.windowSeconds)
        )
    }

    private static func limits(_ options: Serve, _ loaded: LoadedModel) -> EngineLimits {
        var limits = EngineLimits()
        limits.maximumRows = options.admission.maxSequences
        limits.maximumQueuedRequests = options.admission.maxQueuedRequests
        limits.maximumQueuedTokens = options.admission.maxQueuedTokens
        limits.maximumBatchTokens = options.admission.maxBatchTokens
        limits.maximumScoredTokens = options.admission.maxScoredTokens
        limits.maximumInputTokens = options.model.maxInputTokens
        limits.maximumOutputTokens = options.model.maxOutputTokens
        limits.maximumCacheBytes = loaded.cacheBytes
        return limits
    }

    private static func sparseLayers(_ configuration: SwitchConfiguration) -> [ExpertLoad.Layer] {
        let stacks: [(SwitchConfiguration.Stack, ModelStack)] = [(.encoder, .encoder), (.decoder, .decoder)]
        return stacks.flatMap { stack, name in
            configuration.sparseBlocks(in: stack).map {
                ExpertLoad.Layer(stack: name, block: $0, experts: configuration.experts)
            }
        }
    }

    private static func describe(_ loaded: LoadedModel, modelID: String, in registry: MetricsRegistry) {
        registry.gauge(
            "switchyard_build_info",
            "What this program is.",
            [MetricLabel("version", BuildInformation.version), MetricLabel("swift", BuildInformation.swift)]
        ).set(1)
        registry.gauge(
            "switchyard_model_info",
            "What it serves.",
            [
                MetricLabel("model", modelID),
                MetricLabel("architecture", ServedModel.Architecture(loaded.configuration.architecture).rawValue),
                MetricLabel("experts", "\(loaded.configuration.experts)"),
                MetricLabel("dtype", loaded.precision.layers.rawValue),
                MetricLabel("expert_dtype", loaded.precision.experts.rawValue),
                MetricLabel("capacity_mode", loaded.capacityMode.rawValue),
            ]
        ).set(1)
        registry.gauge("switchyard_model_load_seconds", "Time the model took to load.").set(loaded.loadSeconds)
    }
}

extension ServedModel.Architecture {
    fileprivate init(_ architecture: SwitchConfiguration.Architecture) {
        self =
            switch architecture {
            case .encoderDecoder: .encoderDecoder
            case .decoderOnly: .languageModel
            case .encoderOnly: .encoder
            }
    }
}
