import ArgumentParser
import Logging
import Telemetry

/// Flags on what the server logs.
struct LogOptions: ParsableArguments {
    @Option(help: "The least severe messages logged: trace, debug, info, notice, warning, error or critical.")
    var logLevel = LogLevel(level: .info)

    @Option(help: "How log lines look: text or json.")
    var logFormat = StandardErrorLogHandler.Format.text

    /// Logs to standard error, through the writer.
    func makeLogger(_ writer: LogWriter) -> Logger {
        let (format, level) = (logFormat, logLevel.level)
        return Logger(label: "switchyard") { _ in
            StandardErrorLogHandler(format: format, level: level, writer: writer)
        }
    }
}

/// The least severe message that is logged.
struct LogLevel: ExpressibleByArgument {
    /// Messages below it are not made.
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
