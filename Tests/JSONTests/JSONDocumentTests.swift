import Testing

@testable import JSON

/// JSON for people: one member a line, and the value that was there.
@Suite struct JSONDocumentTests {
    @Test(arguments: [
        #"{"b": [1, 2.0, null], "a": {"é\n\"": true}, "c": 1e-06, "d": {}, "e": -7}"#, "[]", #""text""#, "12",
    ])
    func whatIsWrittenReadsBackAsItWas(text: String) throws {
        let value = try JSONParser.parse(Array(text.utf8), JSONRules(maximumDepth: 8))
        let written = JSONDocument(value).text
        #expect(try JSONParser.parse(Array(written.utf8), JSONRules(maximumDepth: 8)) == value)
        #expect(written.hasSuffix("\n"))
    }

    @Test func membersStandInOrderALineEach() {
        let value = JSONValue.object(["b": .real(1), "a": .object(["c": .integer(2)])])
        #expect(JSONDocument(value).text == "{\n  \"a\": {\n    \"c\": 2\n  },\n  \"b\": 1.0\n}\n")
    }
}
