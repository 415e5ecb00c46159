import ArgumentParser
import Foundation
import HTTPServing
import Logging
import ServiceLifecycle
import Telemetry
import UnixSignals

/// Serves a model over HTTP until told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serves a model over HTTP.")

    @OptionGroup var model: ModelOptions

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 for any free one.")
    var port = 8080

    @OptionGroup var connections: ConnectionOptions

    @OptionGroup var tls: TLSOptions

    @Option(help: "The model's name in the API. Default: the directory's name.")
    var modelId: String?

    @Option(help: "Sequences and beams decoded together.")
    var maxSequences = 64

    @Option(help: "Requests that may wait; more are refused with 503.")
    var maxQueuedRequests = 256

    @Option(help: "Prompt tokens computed between two steps of running requests.")
    var maxBatchTokens = 2048

    @Option(help: "Seconds a request may take.")
    var requestTimeout = 300

    @Option(help: "Seconds that accepted requests get to finish after SIGTERM.")
    var drainTimeout = 30

    @Option(help: "Router metrics at /metrics: layer, or expert for one series per expert as well.")
    var expertMetrics = ExpertMetricsLevel.layer

    @Option(help: "The least severe messages logged: trace, debug, info, notice, warning, error or critical.")
    var logLevel = LogLevel(level: .info)

    @Option(help: "How log lines look: text or json.")
    var logFormat = StandardErrorLogHandler.Format.text

    func validate() throws {
        try Limit.check("--port", port, in: 0...65535)
        try Limit.check("--max-sequences", maxSequences, in: 1...4096)
        try Limit.check("--max-queued-requests", maxQueuedRequests, in: 0...1_000_000)
        try Limit.check("--max-batch-tokens", maxBatchTokens, in: 1...1_000_000)
        try Limit.check("--request-timeout", requestTimeout, in: 1...86400)
        try Limit.check("--drain-timeout", drainTimeout, in: 0...86400)
    }

    func run() async throws {
        let (format, level) = (logFormat, logLevel.level)
        let logger = Logger(label: "switchyard") { _ in StandardErrorLogHandler(format: format, level: level) }
        let served = try ServedProcess(self, logger: logger)
        // An address that is taken should be told before minutes of work, and is: nothing was computed yet.
        let port = try served.server.listen()
        print("listening on \(tls.scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)")
        fflush(nil)
        if format == .text {
            FileHandle.standardError.write(Data("try: \(served.exampleRequest(host: host, port: port))\n".utf8))
        }
        let service = HTTPService(
            server: served.server,
            engine: served.engine,
            readiness: served.readiness,
            drain: .seconds(drainTimeout)
        )
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)
        ]
        // With nothing to read again SIGHUP ends the process, as it does any that a terminal leaves behind.
        if !served.reloads.isEmpty {
            let reload = ReloadService(reloads: served.reloads, logger: logger)
            services.append(.init(service: reload, successTerminationBehavior: .ignore))
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
        logger.info("stopped")
    }
}

/// How much the router tells Prometheus.
enum ExpertMetricsLevel: String, ExpressibleByArgument, CaseIterable {
    case layer
    case expert
}

/// The least severe message that is logged.
struct LogLevel: ExpressibleByArgument {
    let level: Logger.Level

    init(level: Logger.Level) {
        self.level = level
    }

    init?(argument: String) {
        guard let level = Logger.Level(rawValue: argument) else { return nil }
        self.level = level
    }

    static var allValueStrings: [String] { Logger.Level.allCases.map(\.rawValue) }

    var defaultValueDescription: String { level.rawValue }
}

extension StandardErrorLogHandler.Format: ExpressibleByArgument {}
