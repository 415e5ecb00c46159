import Foundation
import JSON
package import Logging

/// Makes log lines, as text or as JSON objects, and hands them to a writer, so that logging never waits.
package struct StandardErrorLogHandler: LogHandler {
    /// How a line is written: `time level message name=value …`, or one JSON object with sorted names.
    package enum Format: String, Sendable, CaseIterable {
        case text
        case json
    }

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let format: Format
    private let writer: LogWriter

    /// - Parameters:
    ///   - level: messages below it are not written.
    ///   - writer: takes the finished lines; loggers may share one, and their lines stay whole.
    package init(format: Format, level: Logger.Level, writer: LogWriter) {
        self.format = format
        self.writer = writer
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
        writer.write(Array(line(event.level, "\(event.message)", fields, at: Date()).utf8))
    }

    func line(_ level: Logger.Level, _ message: String, _ fields: [String: String], at time: Date) -> String {
        let stamp = time.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted)
        )
        switch format {
        case .text:
            let pairs = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            return Self.singleLine("\(stamp) \(level) \(message)\(pairs.joined())")
        case .json:
            var object = fields
            object["ts"] = stamp
            object["level"] = "\(level)"
            object["message"] = message
            return String(decoding: JSONText.bytes(object), as: UTF8.self)
        }
    }

    /// Control characters and line separators could forge lines of their own.
    private static func singleLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .lineSeparator, .paragraphSeparator: "?"
                    default: scalar
                    }
                }
            )
        )
    }
}
