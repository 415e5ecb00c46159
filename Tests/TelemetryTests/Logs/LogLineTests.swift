import Foundation
import Testing

@testable import Telemetry

struct LogLineTests {
    private static func line(_ format: LogLine.Format, _ fill: (inout LogLine) -> Void) -> String {
        var line = LogLine(format, time: LogTime(nanoseconds: 0), level: "info", message: "request")
        fill(&line)
        return String(decoding: line.finished(), as: UTF8.self)
    }

    private static func fill(_ line: inout LogLine) {
        line.add("a", "x/y?z=1")
        line.add("b", 7)
        line.add("c", true)
        line.add("d", 1.5)
        line.add("e", .nan)
        line.add("f", milliseconds: .microseconds(1_002_034))
        line.add("g", milliseconds: .nanoseconds(600))
    }

    @Test func textIsNamesAndValues() {
        #expect(
            Self.line(.text, Self.fill)
                == "1970-01-01T00:00:00.000Z info request a=x/y?z=1 b=7 c=true d=1.5 f=1002.034 g=0.001"
        )
    }

    @Test func jsonIsOneObject() {
        #expect(
            Self.line(.json, Self.fill)
                == #"{"ts":"1970-01-01T00:00:00.000Z","level":"info","message":"request","a":"x/y?z=1","b":7,"#
                + #""c":true,"d":1.5,"f":1002.034,"g":0.001}"#
        )
    }

    @Test func noScalarBreaksOutOfAValue() throws {
        let scalars = (0..<0x3000).compactMap(Unicode.Scalar.init) + ["\u{1F600}", "\u{10FFFF}"]
        for scalar in scalars {
            let value = "a\(Character(scalar))b"
            let text = Self.line(.text) { $0.add("k", value) }
            #expect(text.utf8.allSatisfy { $0 >= 32 && $0 < 127 })
            #expect(text.split(separator: " ").count == 4)
            #expect(text.split(separator: "=", maxSplits: 1).last?.removingPercentEncoding == value)
            let json = Self.line(.json) { $0.add("k", value) }
            #expect(!json.unicodeScalars.contains { $0.value < 32 || [0x7F, 0x85, 0x2028, 0x2029].contains($0.value) })
            let object = try JSONDecoder().decode([String: String].self, from: Data(json.utf8))
            #expect(object["k"] == value)
        }
    }
}
