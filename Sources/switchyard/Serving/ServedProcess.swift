import Batching
import HTTPServing
import InferenceAPI
import Logging
import Telemetry
import Tensors
import TraceExport

/// Everything `serve` wires together before the model is there: metrics, endpoints, guards, server.
struct ServedProcess {
    let server: HTTPServer
    let registry = MetricsRegistry()
    let state = ServingState()
    /// nil without a collector of traces.
    let exporter: TraceExporter?
    /// nil when the server needs no keys.
    let keys: KeyRing?
    /// What SIGHUP reads again.
    let reloads: [Reload]

    /// - Throws: what is wrong with a flag or a file it names, as one sentence.
    init(_ options: Serve, logger: Logger, writer: LogWriter) throws {
        ProcessMetrics.register(in: registry)
        MachineShare.register(in: registry, threads: options.model.threads(of: .current()))
        keys = try options.access.keyRing()
        let tls = try options.tls.identity()
        for warning in tls?.warnings ?? [] { logger.warning("\(warning)") }
        reloads = [tls.map(Reload.certificate), keys.map { Reload.keys(in: $0, options.access) }].compactMap { $0 }
        let (state, registry) = (state, registry)
        registry.gauge("switchyard_ready", "1 while new requests are taken.") { state.readiness == .ready ? 1 : 0 }
        var api = APIConfiguration()
        api.isStrict = options.strictRequests
        try options.naming.apply(to: &api)
        api.requestTimeout = .seconds(options.admission.requestTimeout)
        api.maximumScoredItems = options.admission.maxScoredItems
        api.maximumContinuations = options.admission.maxScoredContinuations
        api.version = BuildInformation.version
        var context = RequestContext(
            configuration: api,
            readiness: { state.readiness },
            backend: { state.model?.backend }
        )
        context.keys = keys
        context.rejections = AdmissionRejections(registry)
        let routes = APIRoutes(
            context: context,
            sources: Self.sources(registry, state, level: options.expertMetrics)
        )
        var configuration = HTTPConfiguration()
        configuration.host = options.host
        configuration.port = options.port
        exporter = options.observability.makeExporter(
            registry: registry,
            version: BuildInformation.version,
            logger: logger
        )
        let accessLog = options.observability.makeAccessLog(
            writer: writer,
            logFormat: options.log.logFormat,
            logger: logger
        )
        if let accessLog { configuration.observers.append(accessLog) }
        if let exporter { configuration.observers.append(exporter) }
        registry.counter("switchyard_log_lines_dropped", "Log lines that standard error did not take.") {
            Double(writer.dropped.value)
        }
        options.connections.apply(to: &configuration)
        options.tls.apply(tls, to: &configuration, registry)
        try DescriptorLimit.prepare(for: configuration.limits)
        server = HTTPServer(
            configuration: configuration,
            handler: try options.access.guarded(routes.table(), by: keys),
            metrics: registry,
            logger: logger
        )
    }

    private static func sources(
        _ registry: MetricsRegistry,
        _ state: ServingState,
        level: ExpertMetricsLevel
    ) -> APIRoutes.Sources {
        APIRoutes.Sources(
            metrics: { format in
                let experts = level == .layer ? nil : state.model?.load.expertFamilies
                return registry.exposition(format, and: experts ?? [])
            },
            expertMetrics: { format in state.model?.load.expertExposition(format) ?? format.write([]) },
            expertLoad: { state.model?.expertReport },
            description: PackageResources.openapi_yaml,
            console: .embedded
        )
    }
}
