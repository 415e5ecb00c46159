import ArgumentParser
import Foundation
import Logging
import Telemetry
import TraceExport

/// The flags of `serve` for what it says about its requests.
struct ObservabilityOptions: ParsableArguments {
    /// Routes that machines call every few seconds: a line for each would bury all others.
    private static let probes: Set<String> = ["/livez", "/readyz", "/health", "/metrics", "/metrics/experts"]

    @Option(help: "One line on standard error for every request: off, text or json. Default: as --log-format.")
    var accessLog: AccessLogOption?

    @Option(help: "An OTLP collector that traces are sent to over HTTP, such as http://localhost:4318.")
    var otlpEndpoint: String?

    @Option(
        help: ArgumentHelp(
            "A header field sent to the collector, as NAME=VALUE; may be repeated. Secrets go into the environment.",
            valueName: "name=value"
        )
    )
    var otlpHeader: [String] = []

    @Option(help: "The part of traces that begin here and are exported, 0 to 1.")
    var traceSampleRatio = 1.0

    func validate() throws {
        if let otlpEndpoint, CollectorEndpoint(otlpEndpoint) == nil {
            throw ValidationError("--otlp-endpoint must be an http or https URL, but it is \(otlpEndpoint).")
        }
        guard otlpHeader.allSatisfy({ CollectorHeader($0) != nil }) else {
            throw ValidationError("--otlp-header must be NAME=VALUE with the name of a header field.")
        }
        guard (0...1).contains(traceSampleRatio) else {
            throw ValidationError("--trace-sample-ratio must be from 0 to 1, but it is \(traceSampleRatio).")
        }
    }

    /// Writes a line for every request; nil when that is off.
    ///
    /// - Parameter logger: probes are written too when it lets debug messages through.
    func makeAccessLog(
        writer: LogWriter,
        logFormat: StandardErrorLogHandler.Format,
        logger: Logger
    ) -> AccessLog? {
        let choice = accessLog ?? (logFormat == .json ? .json : .text)
        let quiet = logger.logLevel <= .debug ? [] : Self.probes
        return choice.format.map { AccessLog(format: $0, writer: writer, quietRoutes: quiet) }
    }

    /// Exports traces; nil without a collector.
    func makeExporter(registry: MetricsRegistry, version: String, logger: Logger) -> TraceExporter? {
        guard let endpoint = otlpEndpoint.flatMap(CollectorEndpoint.init) else { return nil }
        return TraceExporter(
            to: TraceExporter.Destination(
                endpoint: endpoint,
                headers: otlpHeader.compactMap(CollectorHeader.init),
                resource: TraceResource(version: version)
            ),
            sampling: SamplingRule(ratio: traceSampleRatio),
            quietRoutes: Self.probes,
            metrics: ExportMetrics(registry),
            logger: logger
        )
    }
}

/// How lines of the access log look.
enum AccessLogOption: String, ExpressibleByArgument, CaseIterable {
    case off
    case text
    case json

    /// nil for `off`.
    var format: AccessLog.Format? { AccessLog.Format(rawValue: rawValue) }
}
