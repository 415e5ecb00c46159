import ArgumentParser
import Logging
import Telemetry

/// The flags of `serve` for what it says about its requests.
struct ObservabilityOptions: ParsableArguments {
    /// Routes that machines call every few seconds: a line for each would bury all others.
    private static let probes: Set<String> = ["/livez", "/readyz", "/health", "/metrics", "/metrics/experts"]

    @Option(help: "One line on standard error for every request: off, text or json. Default: as --log-format.")
    var accessLog: AccessLogOption?

    /// Those who are to be told of every request.
    ///
    /// - Parameter logger: probes are written too when it lets debug messages through.
    func observers(
        writer: LogWriter,
        logFormat: StandardErrorLogHandler.Format,
        logger: Logger
    ) -> [any RequestObserver] {
        let choice = accessLog ?? (logFormat == .json ? .json : .text)
        guard let format = choice.format else { return [] }
        let quiet = logger.logLevel <= .debug ? [] : Self.probes
        return [AccessLog(format: format, writer: writer, quietRoutes: quiet)]
    }
}

/// How lines of the access log look.
enum AccessLogOption: String, ExpressibleByArgument, CaseIterable {
    case off
    case text
    case json

    var format: AccessLog.Format? { AccessLog.Format(rawValue: rawValue) }
}
