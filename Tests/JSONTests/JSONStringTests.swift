import Testing

@testable import JSON

private func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

@Suite struct JSONStringTests {
    @Test(arguments: [
        (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\uD83D\uDE00""#, "é😀"),
        ("\"é😀\"", "é😀"), (#""\u0000""#, "\0"), (#""\uFFFF\uffff""#, "\u{FFFF}\u{FFFF}"), (#""a\u0041b""#, "aAb"),
        (#""\uD800\uDC00\udbff\udfff""#, "\u{10000}\u{10FFFF}"), (#""\uD7FF\uE000""#, "\u{D7FF}\u{E000}"),
        ("\"\u{7F}\u{80}\u{2028}\u{10FFFF}\"", "\u{7F}\u{80}\u{2028}\u{10FFFF}"), (#""\\u0041""#, "\\u0041"),
        (#""\\\"[{""#, "\\\"[{"), (#""e\u0301""#, "e\u{301}"),
    ])
    func readsStringsAndEscapes(text: String, string: String) throws {
        guard case .string(let found) = try parse(text) else {
            Issue.record("no string")
            return
        }
        #expect(Array(found.utf8) == Array(string.utf8))
        guard case .object(let members) = try parse("{\(text):\(text)}") else {
            Issue.record("no object")
            return
        }
        #expect(members.names.map { Array($0.utf8) } == [Array(string.utf8)])
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\udfff\ud800""#, #""\ud800\u0041""#, #""\ud800\ud800""#, #""\ud800x""#,
        #""\ud800\n""#, #""\uDBFF\uE000""#, #""a\udc00b""#,
    ])
    func halvesOfSurrogatePairsAreRefused(text: String) {
        let error = #expect(throws: JSONError.self) { try parse(text) }
        #expect(error?.problem == .halfSurrogatePair)
    }

    @Test(arguments: [
        "\"a", "\"", "\"a\\", "\"a\\\"", "\"\\u", "\"\\u00", "\"\\u00\"", "\"\\x41\"", "\"\\a\"", "\"\\'\"", "\"\\0\"",
        "\"\\U0041\"", "\"\\u12g4\"", "\"\\u+123\"", "\"\\u 123\"", "\"\\\n\"", "\"\\ud800\\", "\"\\ud800\\u",
        "\"\\uD800\\uDC\"",
    ])
    func refusesMalformedStrings(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
        #expect(throws: JSONError.self) { try parse("{\(text):1}") }
    }

    @Test func controlCharactersMustBeEscaped() throws {
        for code in 0..<UInt8(0x20) {
            let character = Character(Unicode.Scalar(code))
            for text in ["\"\(character)\"", "\"ab\(character)\"", "\"\\n\(character)\""] {
                let error = #expect(throws: JSONError.self) { try parse(text) }
                #expect(error?.problem == .controlCharacter)
            }
            let digits = String(code, radix: 16)
            let escaped = "\"\\u00\(code < 16 ? "0" : "")\(digits)\""
            #expect(try parse(escaped) == .string(String(character)))
        }
    }

    @Test(
        arguments: [
            [0xFF], [0x80], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3],
            [0xE2, 0x82],
            [0xF0, 0x9F, 0x98], [0xC3, 0x28], [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]]
    )
    func invalidUTF8IsRefused(bytes: [UInt8]) {
        for (before, after) in [("\"", "\""), ("{\"a", "\":1}"), ("[\"\\n", "é\"]")] {
            let error = #expect(throws: JSONError.self) {
                try JSONParser.parse(Array(before.utf8) + bytes + Array(after.utf8))
            }
            #expect(error?.problem == .invalidUTF8)
        }
        #expect(throws: JSONError(problem: .noValue, offset: 0)) { try JSONParser.parse(bytes) }
    }

    @Test func longStringsAreReadWhole() throws {
        for length in [15, 16, 17, 1000, 1_000_000] {
            let text = String(repeating: "aé", count: length)
            #expect(try parse("\"\(text)\"") == .string(text))
            #expect(try parse("\"\(text)\\n\(text)\"") == .string("\(text)\n\(text)"))
        }
    }
}
