import Checkpoints
import Testing

private func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

@Suite struct JSONParserTests {
    @Test func readsEveryKindOfValue() throws {
        let value = try parse(#" {"a": [1, -2.5, 1e3, true, false, null], "b": {"c": "d"}, "": {}, "e": []} "#)
        #expect(
            value
                == .object([
                    "a": .array([.integer(1), .real(-2.5), .real(1000), .bool(true), .bool(false), .null]),
                    "b": .object(["c": .string("d")]), "": .object([:]), "e": .array([]),
                ])
        )
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\uD83D\uDE00""#, "é😀"), ("\"é😀\"", "é😀"),
        (#""\u0000""#, "\0"),
    ])
    func readsEscapes(text: String, string: String) throws {
        #expect(try parse(text) == .string(string))
    }

    @Test(arguments: [
        ("9223372036854775807", JSONValue.integer(Int.max)), ("-9223372036854775808", .integer(Int.min)),
        ("9223372036854775808", .real(9_223_372_036_854_775_808)), ("-0", .integer(0)), ("0.5", .real(0.5)),
        ("1E-2", .real(0.01)),
    ])
    func integersStayIntegersWhileTheyFit(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        "", " ", "+1", "01", "-", "1.", ".5", "1e", "1e400", "NaN", "Infinity", "-Infinity", "tru", "True", "'a'",
        "\"a",
        "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\u{1}\"", "[1,]", "[,1]",
        "[1 2]",
        "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{1:1}", "[", "{", "[1]]", "// 1", "\u{FEFF}1",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test func namesTheDuplicateKey() {
        let error = #expect(throws: JSONError.self) { try parse(#"{"a":1,"a":2}"#) }
        #expect(error?.description == "the key 'a' is given twice at byte 12")
    }

    @Test func nestingStopsAtTheLimit() throws {
        let nested = { (depth: Int) in
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(throws: Never.self) { try JSONParser.parse(nested(16), maximumDepth: 16) }
        #expect(throws: JSONError.self) { try JSONParser.parse(nested(17), maximumDepth: 16) }
    }
}
