import Foundation
import Logging
import Testing

@testable import Telemetry

struct StandardErrorLogHandlerTests {
    static let time = Date(timeIntervalSince1970: 1.5)

    static func line(
        _ format: StandardErrorLogHandler.Format,
        _ message: String,
        _ fields: [String: String] = [:]
    ) -> String {
        let writer = LogWriter(descriptor: -1)
        defer { writer.close() }
        return StandardErrorLogHandler(format: format, level: .info, writer: writer)
            .line(.warning, message, fields, at: time)
    }

    @Test func textIsTimeLevelMessageAndSortedFields() {
        #expect(
            Self.line(.text, "Hello there", ["b": "2", "a": "1"])
                == "1970-01-01T00:00:01.500Z warning Hello there a=1 b=2"
        )
    }

    @Test func jsonIsOneObjectWithSortedKeys() {
        #expect(
            Self.line(.json, "a/\"b\"", ["z": "1"])
                == #"{"level":"warning","message":"a/\"b\"","ts":"1970-01-01T00:00:01.500Z","z":"1"}"#
        )
    }

    @Test(arguments: ["\n", "\r", "\r\n", "\0", "\u{1B}", "\u{7F}", "\u{85}", "\u{9B}", "\u{2028}", "\u{2029}"])
    func aControlCharacterForgesNoLineOfText(_ control: String) {
        let marks = String(repeating: "?", count: control.unicodeScalars.count)
        #expect(
            Self.line(.text, "a\(control)b", ["k\(control)k": "v\(control)v"])
                == "1970-01-01T00:00:01.500Z warning a\(marks)b k\(marks)k=v\(marks)v"
        )
    }

    @Test func aControlCharacterForgesNoLineOfJSON() throws {
        let line = Self.line(.json, "a\r\nb\0", ["k\n": "v\u{1B}"])
        #expect(!line.unicodeScalars.contains { $0.value < 32 })
        let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(object["message"] == "a\r\nb\0")
        #expect(object["k\n"] == "v\u{1B}")
    }

    @Test func fieldsCannotReplaceLevelMessageOrTime() {
        #expect(
            Self.line(.json, "true", ["level": "x", "message": "x", "ts": "x"])
                == #"{"level":"warning","message":"true","ts":"1970-01-01T00:00:01.500Z"}"#
        )
    }
}
