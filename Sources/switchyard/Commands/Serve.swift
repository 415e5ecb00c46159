import ArgumentParser
import Batching
import Foundation
import HTTPServing
import InferenceAPI
import Logging
import Ranks
import ServiceLifecycle
import Telemetry
import Tensors
import TraceExport
import UnixSignals

/// Serves a model over HTTP until told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serves a model over HTTP.")

    /// How long the last traces may take at the end.
    private static let lastExportTime = Duration.seconds(5)
    /// How long the last log lines may take at the end.
    private static let flushTime = Duration.seconds(2)

    @OptionGroup var model: ModelOptions

    @OptionGroup var ranks: RankOptions

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 for any free one.")
    var port = 8080

    @OptionGroup var connections: ConnectionOptions

    @OptionGroup var tls: TLSOptions

    @OptionGroup var naming: NamingOptions

    @OptionGroup var generation: GenerationOptions

    @OptionGroup var admission: AdmissionOptions

    @OptionGroup var access: AccessOptions

    @Flag(
        help: """
            Refuse requests with members the server does not know or with a max_tokens beyond its limit; otherwise these \
            are passed over, or cut, and named.
            """
    )
    var strictRequests = false

    @Option(help: "Router metrics at /metrics: layer, or expert for one series per expert as well.")
    var expertMetrics = ExpertMetricsLevel.layer

    @OptionGroup var log: LogOptions

    @OptionGroup var observability: ObservabilityOptions

    func validate() throws {
        try Limit.check("--port", port, in: 0...65535)
    }

    func run() async throws {
        // A reader of the log that goes away is no reason to end.
        signal(SIGPIPE, SIG_IGN)
        let writer = LogWriter()
        let logger = log.makeLogger(writer)
        do {
            let job = try RankJob(ranks)
            var options = self
            options.model.threads = options.model.threads ?? job?.threads(of: .current())
            options.port = job?.port(port) ?? port
            if let job, !job.isServing {
                try HostedExperts(options: options.model, job: job, logger: logger).run()
            } else {
                try await options.serve(as: job, logger: logger, writer: writer)
            }
        } catch {
            await writer.flush(within: Self.flushTime)
            throw error
        }
        await writer.flush(within: Self.flushTime)
    }

    /// - Parameter job: whose rank 0 this is; nil without one.
    private func serve(as job: RankJob?, logger: Logger, writer: LogWriter) async throws {
        let served = try ServedProcess(self, logger: logger, writer: writer)
        // Until the service that reads them again has started, a SIGHUP must not end the process.
        if !served.reloads.isEmpty { signal(SIGHUP, SIG_IGN) }
        if job != nil {
            // Whatever --drain-timeout says: after it there would be nobody to say that time is up.
            RankJob.atTermination(after: RankJob.lastChance) { [state = served.state] in state.model?.engine.stop() }
        }
        let port = try served.server.listen()
        let address = "\(tls.scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        logger.info("the model is loading; until it is there requests get 503", metadata: ["address": "\(address)"])
        try await ServiceGroup(
            configuration: .init(
                services: services(of: served, job, logger: logger) { announce(address, served.state, writer) },
                gracefulShutdownSignals: [.sigterm, .sigint] + (job == nil ? [] : [.sigusr1]),
                logger: logger
            )
        ).run()
        if let job {
            let drain = Duration.seconds(admission.drainDelay + admission.drainTimeout)
            let patience = job.partingTime(afterDrainOf: drain)
            guard served.state.model?.engine.waitForEnd(atMost: patience) == true else {
                throw ExitCode(RankAgreement.lostStatus)
            }
        }
        await served.exporter?.shutDown(within: Self.lastExportTime)
        logger.info("stopped")
    }

    private func services(
        of served: ServedProcess,
        _ job: RankJob?,
        logger: Logger,
        onReady: @escaping @Sendable () -> Void
    ) -> [ServiceGroupConfiguration.ServiceConfiguration] {
        let state = served.state
        let http = HTTPService(
            server: served.server,
            state: state,
            delay: .seconds(admission.drainDelay),
            drain: .seconds(admission.drainTimeout),
            logger: logger
        )
        let loading = LoadingService(
            load: {
                try RunningModel(self, for: served, job, logger: logger)
            },
            state: state,
            onReady: onReady
        )
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: http, successTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: loading, successTerminationBehavior: .ignore),
        ]
        // With nothing to read again SIGHUP ends the process, as it does any that a terminal leaves behind.
        if !served.reloads.isEmpty {
            let reload = ReloadService(reloads: served.reloads, logger: logger)
            services.append(.init(service: reload, successTerminationBehavior: .ignore))
        }
        return services
    }

    /// The line that says where the server is, on standard output, and a request to try.
    private func announce(_ address: String, _ state: ServingState, _ writer: LogWriter) {
        print("listening on \(address)")
        fflush(nil)
        guard log.logFormat == .text, let model = state.model?.backend.model else { return }
        let prompt =
            model.tokenizer == nil ? "[5, 6, 7, 1]" : #""A man is riding a bicycle.""#
        let (path, members) =
            model.architecture == .encoder
            ? ("embeddings", #""input": \#(prompt)"#) : ("completions", #""prompt": \#(prompt), "temperature": 0"#)
        let example = """
            try: curl \(address)/v1/\(path) -H 'Content-Type: application/json' \
            -d '{"model": "\(model.id)", \(members)}'
            """
        writer.write(Array(example.utf8))
    }

    /// The model's name in the API.
    var servedModelID: String {
        naming.modelId.first ?? URL(fileURLWithPath: model.modelDirectory).lastPathComponent
    }
}
