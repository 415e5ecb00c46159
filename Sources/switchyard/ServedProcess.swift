import Batching
import Foundation
import HTTPServing
import InferenceAPI
import Logging
import SwitchModel
import Telemetry
import Tensors

/// Everything `serve` wires together: model, engine, metrics, endpoints, server.
struct ServedProcess {
    let server: HTTPServer
    let engine: InferenceEngine
    let readiness = ReadinessSwitch()
    /// What SIGHUP reads again.
    let reloads: [Reload]
    private let scheme: String
    private let hasTokenizer: Bool
    private let modelID: String

    init(_ options: Serve, logger: Logger) throws {
        // A certificate that cannot be used should be told before the model is loaded.
        let tls = try options.tls.identity()
        for warning in tls?.warnings ?? [] { logger.warning("\(warning)") }
        reloads = tls.map { [Reload.certificate(of: $0)] } ?? []
        scheme = options.tls.scheme
        let loaded = try LoadedModel(options.model, logger: logger)
        for note in loaded.configuration.notes { logger.notice("\(note)") }
        let registry = MetricsRegistry()
        let load = ExpertLoad(layers: Self.sparseLayers(loaded.configuration))
        load.register(in: registry)
        ProcessMetrics.register(in: registry)
        loaded.expertMemory?.register(in: registry)
        modelID = options.modelId ?? URL(fileURLWithPath: options.model.modelDirectory).lastPathComponent
        hasTokenizer = loaded.tokenizer != nil
        Self.describe(loaded, modelID: modelID, in: registry)

        let engine = InferenceEngine(
            loaded.model,
            limits: Self.limits(options),
            registry: registry,
            load: load
        )
        let backend = InferenceBackend(
            model: ServedModel(
                id: modelID,
                created: loaded.created,
                tokenizer: loaded.tokenizer,
                vocabularySize: loaded.configuration.vocabularySize,
                endTokens: loaded.configuration.endTokens,
                systemFingerprint: loaded.fingerprint
            ),
            engine: engine
        )
        var api = APIConfiguration()
        api.requestTimeout = .seconds(options.requestTimeout)
        api.version = BuildInformation.version
        let readiness = readiness
        registry.gauge("switchyard_ready", "1 while new requests are taken.") { readiness.value == .ready ? 1 : 0 }
        let context = RequestContext(
            configuration: api,
            logger: logger,
            readiness: { readiness.value },
            backend: { backend }
        )
        let routes = APIRoutes(
            context: context,
            sources: Self.sources(registry, load, level: options.expertMetrics)
        )
        var configuration = HTTPConfiguration()
        configuration.host = options.host
        configuration.port = options.port
        options.connections.apply(to: &configuration)
        configuration.tls = tls
        configuration.timeouts.handshake = .seconds(options.tls.tlsHandshakeTimeout)
        if let tls {
            registry.gauge(
                "switchyard_tls_certificate_expiry_timestamp_seconds",
                "When the certificate that is served ends, in seconds since 1970."
            ) { Double(tls.expiry) }
        }
        try DescriptorLimit.prepare(for: configuration.limits)
        server = HTTPServer(
            configuration: configuration,
            handler: routes.table(),
            metrics: registry,
            logger: logger
        )
        self.engine = engine
    }

    /// A line to paste into a shell.
    func exampleRequest(host: String, port: Int) -> String {
        let prompt =
            hasTokenizer ? #""translate English to German: A man is riding a bicycle.""# : "[5, 6, 7, 1]"
        return """
            curl \(scheme)://\(host):\(port)/v1/completions -H 'Content-Type: application/json' \
            -d '{"model": "\(modelID)", "prompt": \(prompt), "temperature": 0}'
            """
    }

    private static func limits(_ options: Serve) -> EngineLimits {
        var limits = EngineLimits()
        limits.maximumRows = options.maxSequences
        limits.maximumQueuedRequests = options.maxQueuedRequests
        limits.maximumBatchTokens = options.maxBatchTokens
        limits.maximumInputTokens = options.model.maxInputTokens
        limits.maximumOutputTokens = options.model.maxOutputTokens
        limits.maximumCacheBytes = options.model.cacheMemory.bytes
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

    private static func sources(
        _ registry: MetricsRegistry,
        _ load: ExpertLoad,
        level: ExpertMetricsLevel
    ) -> APIRoutes.Sources {
        APIRoutes.Sources(
            metrics: { format in
                level == .layer ? registry.exposition(format) : registry.exposition(format, and: load.expertFamilies)
            },
            expertMetrics: { load.expertExposition($0) },
            expertLoad: {
                let rows = zip(load.layers, zip(load.totals, load.window))
                return ExpertReport(
                    layers: rows.map { .init(layer: $0, total: $1.0.load, window: $1.1) },
                    windowSeconds: Double(ExpertLoad.windowSeconds)
                )
            },
            description: PackageResources.openapi_yaml
        )
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
                MetricLabel("model", modelID), MetricLabel("experts", "\(loaded.configuration.experts)"),
                MetricLabel("dtype", loaded.precision.rawValue),
                MetricLabel("capacity_mode", loaded.capacityMode.rawValue),
            ]
        ).set(1)
        registry.gauge("switchyard_model_load_seconds", "Time the model took to load.").set(loaded.loadSeconds)
    }
}
