import Testing

@testable import JSON

private func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

@Suite struct JSONNumberTests {
    @Test(arguments: [
        ("9223372036854775807", JSONValue.integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .real(0x1p63)), ("-9223372036854775809", .real(-0x1p63)),
        ("18446744073709551615", .real(0x1p64)), ("18446744073709551616", .real(0x1p64)),
        ("123456789012345678901234567890", .real(1.2345678901234568e29)),
        ("9007199254740993", .integer(9_007_199_254_740_993)),
        ("0", .integer(0)), ("-0", .integer(0)), ("-1", .integer(-1)), ("3.0", .real(3)),
    ])
    func integersStayExactWhileTheyFit64Bits(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
        #expect(try parse("[\(text)]") == .array([value]))
    }

    @Test(arguments: [
        ("0.5", 0.5), ("1E-2", 0.01), ("1e+2", 100), ("1E2", 100), ("0e0", 0), ("0.0", 0), ("0e400", 0), ("1e-400", 0),
        ("4.9e-324", .leastNonzeroMagnitude), ("1.7976931348623157e308", .greatestFiniteMagnitude), ("0.1", 0.1),
        ("2.2250738585072014e-308", .leastNormalMagnitude), ("9007199254740993.0", 9_007_199_254_740_992),
        ("100000000000000000000000e-23", 1), ("1.00000000000000000000000000000000000001", 1),
    ])
    func otherNumbersAreTheNearestDouble(text: String, value: Double) throws {
        #expect(try parse(text) == .real(value))
        #expect(try parse("-\(text)") == .real(-value))
    }

    @Test func theSignOfZeroIsKeptWithAPoint() throws {
        guard case .real(let zero) = try parse("-0.0") else {
            Issue.record("not a real number")
            return
        }
        #expect(zero.sign == .minus)
    }

    @Test(arguments: ["1e400", "-1e400", "1.8e308", "1" + String(repeating: "0", count: 400)])
    func numbersBeyondADoubleAreRefused(text: String) {
        let error = JSONError(problem: .numberOutOfRange, offset: text.utf8.count)
        #expect(throws: error) { try parse(text) }
    }

    @Test(arguments: [
        "+1", "01", "-01", "00", "-", "--1", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1e-", "1ee1", "1e1.5", "0x10",
        "1_0",
        "1.2.3", "Inf", "-Inf", "1f", "٣",
    ])
    func refusesMalformedNumbers(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
        #expect(throws: JSONError.self) { try parse("[\(text)]") }
    }

    @Test(
        arguments: [
            (.integer(.max), .max), (.real(3), 3), (.real(-0x1p53), -9_007_199_254_740_992), (.real(0x1p54), nil),
            (.real(1.5), nil), (.real(1e300), nil), (.bool(true), nil), (.string("3"), nil), (.null, nil),
        ] as [(JSONValue, Int?)]
    )
    func onlyExactNumbersAreIntegers(value: JSONValue, integer: Int?) {
        #expect(value.asInteger == integer)
    }

    @Test func booleansAreNoNumbers() {
        #expect(JSONValue.integer(2).asNumber == 2)
        #expect(JSONValue.real(0.5).asNumber == 0.5)
        #expect(JSONValue.bool(true).asNumber == nil && !JSONValue.bool(true).isNumber)
    }

    @Test func errorMessagesNameKindsAndShowNumbers() {
        let values: [JSONValue] = [.null, .bool(true), .integer(1), .real(1.5), .string("x"), .array([]), .object([:])]
        #expect(
            values.map(\.kind) == ["null", "a boolean", "a number", "a number", "a string", "an array", "an object"]
        )
        #expect(values.map(\.summary) == ["null", "true", "1", "1.5", "a string", "an array", "an object"])
    }
}
