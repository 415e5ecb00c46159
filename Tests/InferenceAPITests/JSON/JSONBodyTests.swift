import Foundation
import JSON
import TestSupport
import Testing

@testable import InferenceAPI

@Suite struct JSONBodyTests {
    private func parse(_ json: String) throws(APIError) -> JSONObject {
        try JSONBody.object(Array(json.utf8))
    }

    @Test(arguments: [
        ("true", JSONValue.bool(true)),
        ("false", .bool(false)),
        ("1", .integer(1)),
        ("0", .integer(0)),
        ("-0", .integer(0)),
        ("1.5", .real(1.5)),
        ("9223372036854775807", .integer(.max)),
        ("-9223372036854775808", .integer(.min)), ("-9223372036854775809", .real(-0x1p63)),
        ("9223372036854775808", .real(9_223_372_036_854_775_808)),
        ("18446744073709551615", .real(0x1p64)),
        ("3.0", .real(3)),
        ("123456789012345678901234567890", .real(1.2345678901234568e29)),
        ("null", .null),
        (#""\u00e9\n""#, .string("é\n")),
        ("[1, true, null]", .array([.integer(1), .bool(true), .null])),
    ])
    func valuesKeepTheirKind(json: String, value: JSONValue) throws {
        #expect(try parse(#"{"a": \#(json)}"#) == ["a": value])
    }

    @Test(arguments: [
        "", " ", "{", "}", "[]", "1", "\"a\"", "null", "{'a': 1}", "{\"a\": 1,}", "{\"a\": 01}", "{\"a\": +1}",
        "{\"a\": .5}",
        "{\"a\": NaN}", "{\"a\": Infinity}", "{\"a\": 1} x", "{} {}", "{\"a\": \"\t\"}", "{\"a\": \"\\x\"}",
        "{\"a\": tru}", "// no\n{}", "{\"a\" 1}", "{\"a\": \"\\ud800\"}", "{\"a\": 1\u{0}}", "{a: 1}", "{\"a\": 0x10}",
        "{\"a\": [1,]}", "{\"a\": 1.}", "{\"a\": -}", "{\"a\": 1e}", "{\"a\": 1e400}", "{\"a\": 1 , }",
        "{\"a\": -1e400}",
    ])
    func refusesWhatIsNotAJSONObject(json: String) {
        #expect(throws: APIError.self) { try parse(json) }
    }

    @Test(arguments: [
        [0x7B, 0x22, 0xFF, 0x22, 0x7D], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xFE, 0xFF, 0, 0x7B, 0, 0x7D],
    ])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        #expect(throws: APIError.malformedJSON("The body is not valid UTF-8.")) { try JSONBody.object(bytes) }
    }

    @Test(arguments: [
        ("{\"a\": [1,]}", "The body cannot be read as JSON: a comma before a closing bracket at byte 9."),
        ("{\"a\": 1e400}", "The body cannot be read as JSON: a number is out of range at byte 11."),
        ("{\"a\": \"\0\"}", "The body cannot be read as JSON: a control character inside a string at byte 7."),
        ("[1]", "The body must be a JSON object, but it is an array."),
    ])
    func aClientIsToldWhatIsWrongAndWhere(json: String, sentence: String) {
        #expect(throws: APIError.malformedJSON(sentence)) { try parse(json) }
    }

    @Test func aByteOrderMarkIsIgnored() throws {
        #expect(try parse("\u{FEFF}{\"a\": 1}") == ["a": .integer(1)])
    }

    @Test func theLastOfEqualNamesCounts() throws {
        #expect(try parse(#"{"a": 1, "a": 2}"#) == ["a": .integer(2)])
    }

    @Test func nestingStopsAtTheLimit() throws {
        func nested(_ depth: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(throws: Never.self) { try parse(nested(JSONBody.maximumDepth)) }
        #expect(throws: APIError.self) { try parse(nested(JSONBody.maximumDepth + 1)) }
    }

    @Test(arguments: [#"{"a": "TEXT"}"#, #"{"TEXT": 1}"#, #"{"a": [{"b": "TEXT"}]}"#])
    func marksInARowStopAtTheLimit(shape: String) throws {
        func body(_ marks: Int, _ mark: String) -> String {
            shape.replacingOccurrences(of: "TEXT", with: "e" + String(repeating: mark, count: marks))
        }
        for mark in ["\u{301}", "\\u0323"] {
            #expect(throws: Never.self) { try parse(body(JSONBody.maximumMarks, mark)) }
            #expect(throws: APIError.self) { try parse(body(JSONBody.maximumMarks + 1, mark)) }
        }
        let apart = String(repeating: "e\u{301}\u{323}", count: JSONBody.maximumMarks)
        #expect(throws: Never.self) { try parse(shape.replacingOccurrences(of: "TEXT", with: apart)) }
    }

    @Test func anEscapedBackslashDoesNotHideTheEndOfAString() {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        let expected = APIError.malformedJSON("The body is nested deeper than 32 levels.")
        #expect(throws: expected) { try parse(#"{"a": "\\", "b": \#(deep)}"#) }
    }

    @Test func bracketsInStringsAreNotNesting() throws {
        let text = String(repeating: "[{", count: 100)
        #expect(try parse(#"{"a": "\#(text)\"["}"#) == ["a": .string(text + "\"[")])
    }

    @Test func noMutationOfABodyTraps() throws {
        let seed = Array(#"{"prompt": ["a\u00e9", 1, -2.5e3, true, null], "n": {"x": [[]]}}"#.utf8)
        var random = SplitMix(state: 7)
        for _ in 0..<3000 {
            var bytes = seed
            for _ in 0..<random.below(4) + 1 {
                let at = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: at)
                default: bytes.insert(bytes[random.below(bytes.count)], at: at)
                }
            }
            _ = try? JSONBody.object(bytes)
        }
    }
}
