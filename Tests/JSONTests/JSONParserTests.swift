import Foundation
import TestSupport
import Testing

@testable import JSON

private func parse(_ text: String, _ rules: JSONRules = JSONRules()) throws(JSONError) -> JSONValue {
    try JSONParser.parse(Array(text.utf8), rules)
}

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

    @Test(arguments: [" ", "\t", "\n", "\r", " \t\r\n "])
    func whiteSpaceMayBeBetweenAllTokens(space: String) throws {
        let tokens = ["", "{", #""a""#, ":", "[", "1", ",", "true", "]", ",", #""b""#, ":", "{", "}", "}", ""]
        #expect(
            try parse(tokens.joined(separator: space))
                == .object(["a": .array([.integer(1), .bool(true)]), "b": .object([:])])
        )
    }

    @Test(arguments: [
        "", " ", "tru", "True", "nul", "nullx", "'a'", "NaN", "Infinity", "-Infinity", "undefined", "[1,]", "[,1]",
        "[,]",
        "[1 2]", "[1,,2]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\"}", "{1:1}", "{,}", "{\"a\":}", "[", "{", "[1]]",
        "[}", "{]", "{\"a\":1", "[1", "]", "}", ",", ":", "// 1", "/**/1", "1 //", "1 1", "1,", "\u{B}1", "\u{C}1",
        "\u{A0}1", "\u{2028}1", "\u{0}", "1\u{0}",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test(
        arguments: [
            ("", .noText, 0), ("  ", .noText, 2), ("[1,", .noText, 3), (" ?", .noValue, 1),
            ("trux", .misspelled("true"), 3),
            ("{1", .noName, 1), (#"{"a" 1"#, .noColon, 5), ("[1 2]", .noCommaOrBracket(UInt8(ascii: "]")), 3),
            (#"{"a":1]"#, .noCommaOrBracket(UInt8(ascii: "}")), 6), ("[1, ]", .commaBeforeBracket, 4),
            ("1 2", .trailingBytes, 2), ("[-]", .malformedNumber, 2), ("[1e400]", .numberOutOfRange, 6),
            (#"["ab"#, .unendedString, 4), ("[\"a\n\"]", .controlCharacter, 3), (#"["\x"]"#, .unknownEscape, 3),
            (#"["\u00g0"]"#, .malformedUnicodeEscape, 6), (#"["\ud800"]"#, .halfSurrogatePair, 8),
            (#"{"a":1,"a":2}"#, .duplicateName("a"), 12), ("[[[]]]", .nestedTooDeeply(limit: 2), 2),
        ] as [(String, JSONError.Problem, Int)]
    )
    func errorsSayWhatIsWrongAndWhere(text: String, problem: JSONError.Problem, offset: Int) {
        #expect(throws: JSONError(problem: problem, offset: offset)) { try parse(text, JSONRules(maximumDepth: 2)) }
    }

    @Test func everyErrorHasASentenceOnOneLine() {
        let error = #expect(throws: JSONError.self) { try parse(#"{"a":1,"a":2}"#) }
        #expect(error?.description == "the key 'a' is given twice at byte 12")
        let long = String(repeating: "é", count: 200)
        let cut = #expect(throws: JSONError.self) { try parse(#"{"\n\#(long)":1,"\n\#(long)":2}"#) }
        #expect(cut?.problem.description == "the key '\u{FFFD}\(long.prefix(159))…' is given twice")
    }

    @Test func namesAreTheirBytes() throws {
        let value = try parse(#"{"\u00e9":1,"e\u0301":2}"#)
        #expect(value == .object(["\u{E9}": .integer(1), "e\u{301}": .integer(2)]))
        guard case .object(let members) = value else { return }
        #expect(members.sortedNames.map { Array($0.utf8) } == [[0x65, 0xCC, 0x81], [0xC3, 0xA9]])
        #expect(members["e\u{301}"] == .integer(2) && members.without(["e\u{301}"]) == ["\u{E9}": .integer(1)])
    }

    /// To put so many marks in order takes an hour.
    @Test(.timeLimit(.minutes(1))) func aNameIsReadInTimeThatGrowsWithIt() throws {
        let marks = String(repeating: "\u{301}\u{323}", count: 500_000)
        guard case .object(var members) = try parse(#"{"a\#(marks)":1,"b\#(marks)":2}"#) else { return }
        members["c" + marks] = .null
        #expect(members["a" + marks] == .integer(1) && members.without(["b" + marks]).sortedNames.count == 2)
        #expect(members.merging(members).count == 3)
    }

    @Test func marksInARowStopAtTheLimit() throws {
        let rules = JSONRules(maximumMarks: 2)
        for text in ["\u{E9}\u{301}\u{323}", "e\u{301}\u{323}e\u{301}", "\u{301}\u{301}", "\u{1161}\u{1161}\u{1161}"] {
            #expect(throws: Never.self) { try parse("[\"\(text)\"]", rules) }
        }
        let error = #expect(throws: JSONError.self) { try parse("{\"e\u{301}\u{323}\u{1D165}\":1}", rules) }
        #expect(error == JSONError(problem: .tooManyMarks(limit: 2), offset: 12))
    }

    @Test func equalNamesAreRefusedOrTheLastCounts() throws {
        let lenient = JSONRules(duplicateNames: .lastCounts)
        #expect(
            try parse(#"{"a":1,"b":2,"a":[3]}"#, lenient) == .object(["a": .array([.integer(3)]), "b": .integer(2)])
        )
        // An escape makes no other name.
        for text in [#"{"a":1,"\u0061":2}"#, #"{"\u00e9":1,"é":2}"#, #"[{"a":{"x":1,"x":1}}]"#, #"{"":1,"":1}"#] {
            let error = #expect(throws: JSONError.self) { try parse(text) }
            guard case .duplicateName = error?.problem else {
                Issue.record("\(text): \(String(describing: error))")
                continue
            }
            #expect(throws: Never.self) { try parse(text, lenient) }
        }
        #expect(throws: Never.self) { try parse(#"[{"a":1},{"a":1},{"A":{"a":1},"a":1}]"#) }
    }

    @Test func aByteOrderMarkIsRefusedOrIgnored() throws {
        let lenient = JSONRules(byteOrderMark: .ignored)
        #expect(throws: JSONError(problem: .noValue, offset: 0)) { try parse("\u{FEFF}1") }
        #expect(try parse("\u{FEFF} 1", lenient) == .integer(1))
        #expect(try parse("1", lenient) == .integer(1))
        #expect(throws: JSONError(problem: .noText, offset: 3)) { try parse("\u{FEFF}", lenient) }
        for text in ["\u{FEFF}\u{FEFF}1", " \u{FEFF}1", "1\u{FEFF}", "[\u{FEFF}1]"] {
            #expect(throws: JSONError.self) { try parse(text, lenient) }
        }
        for bytes in [[0xEF, 0xBB], [0xEF, 0xBB, 0x31], [0xFE, 0xFF, 0, 0x31], [0xFF, 0xFE, 0x31, 0]] as [[UInt8]] {
            #expect(throws: JSONError.self) { try JSONParser.parse(bytes, lenient) }
        }
        #expect(try parse("\"\u{FEFF}\"") == .string("\u{FEFF}"))
    }

    @Test func nestingStopsAtTheLimit() throws {
        let shapes: [(open: String, inside: String, close: String)] = [
            ("[", "", "]"), ("[", "1", "]"), ("[[],", "[]", "]"), (#"{"a":"#, "{}", "}"), (#"[{"a":"#, "[]", "}]"),
        ]
        for shape in shapes {
            let text = { (count: Int) in
                String(repeating: shape.open, count: count) + shape.inside
                    + String(repeating: shape.close, count: count)
            }
            let levels = shape.open.count { $0 == "[" || $0 == "{" } - shape.open.count { $0 == "]" }
            let inner = shape.inside.contains { $0 == "[" || $0 == "{" } ? 1 : 0
            for count in 1...20 {
                let depth = levels * count + inner
                #expect(throws: Never.self) { try parse(text(count), JSONRules(maximumDepth: depth)) }
                let error = #expect(throws: JSONError.self) {
                    try parse(text(count), JSONRules(maximumDepth: depth - 1))
                }
                #expect(error?.problem == .nestedTooDeeply(limit: depth - 1))
            }
        }
        #expect(try parse("1", JSONRules(maximumDepth: 0)) == .integer(1))
        #expect(throws: JSONError(problem: .nestedTooDeeply(limit: 0), offset: 0)) {
            try parse("[]", JSONRules(maximumDepth: 0))
        }
        #expect(throws: Never.self) {
            try parse("[" + String(repeating: "[[]],", count: 1000) + "1]", JSONRules(maximumDepth: 3))
        }
    }

    @Test func theGreatestDepthFitsASmallStack() {
        let depth = JSONRules.greatestDepth
        let rules = JSONRules(maximumDepth: depth)
        let texts = [
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth),
            String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth),
            String(repeating: "[", count: 1_000_000), String(repeating: #"{"a":"#, count: 1_000_000),
        ]
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            for text in texts { _ = (try? parse(text, rules))?.kind }
            done.signal()
        }
        thread.stackSize = 1 << 20
        thread.start()
        done.wait()
        #expect(throws: Never.self) { try parse(texts[0], rules) }
        #expect(throws: JSONError(problem: .nestedTooDeeply(limit: depth), offset: depth)) {
            try parse(texts[2], rules)
        }
    }

    // What a mutation leaves acceptable is JSON to Foundation too.
    @Test func noMutationTrapsOrPassesAlone() throws {
        let seed = Array(
            #"{"prompt": ["a\u00e9\ud83d\ude00", 1, -2.5e3, true, null], "n": {"x": [[]], "é": "\n"}}"#.utf8
        )
        var random = SplitMix(state: 2)
        var accepted = 0
        for _ in 0..<5000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[at] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: at)
                default: bytes.insert(bytes.randomElement(using: &random) ?? 0, at: at)
                }
            }
            guard (try? JSONParser.parse(bytes)) != nil else { continue }
            accepted += 1
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(throws: Never.self, "\(text)") {
                try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            }
        }
        #expect(accepted > 50)
    }
}
