/// Reads JSON as RFC 8259 has it, in UTF-8: no NaN, no comments, no bytes after the value, bounded nesting.
///
/// Everything from outside goes through here: request bodies, headers and indexes of weight files, a model's
/// configuration, files of tokenizers, answers of trace collectors. What the program writes to read again itself goes
/// through `Codable` and Foundation: records, states and logs of training runs, results of sweeps, the list of flags.
package struct JSONParser {
    let bytes: [UInt8]
    /// Bytes read, at most `bytes.count`.
    var position = 0
    let rules: JSONRules
    /// Objects and arrays that are open.
    private var depth = 0

    private init(_ bytes: [UInt8], _ rules: JSONRules) {
        self.bytes = bytes
        self.rules = rules
    }

    /// The one value `bytes` spell, surrounded by nothing but white space.
    ///
    /// Takes time in proportion to the bytes, and memory of at most 30 times theirs, which `[{"":[0]},…]` does.
    package static func parse(_ bytes: [UInt8], _ rules: JSONRules = JSONRules()) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes, rules)
        if rules.byteOrderMark == .ignored, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.position = 3 }
        let value = try parser.value()
        guard parser.nextVisible() == nil else { throw parser.error(.trailingBytes) }
        return value
    }

    func error(_ problem: JSONError.Problem) -> JSONError { JSONError(problem: problem, offset: position) }

    /// The byte that is read next, nil at the end.
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// Passes over white space and returns the byte behind it, which is not taken yet.
    private mutating func nextVisible() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        switch nextVisible() {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), .some(0x30...0x39): return try number()
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case nil: throw error(.noText)
        default: throw error(.noValue)
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount) {
            guard take(byte) else { throw error(.misspelled("\(text)")) }
        }
        return value
    }

    private mutating func open() throws(JSONError) {
        guard depth < rules.maximumDepth else { throw error(.nestedTooDeeply(limit: rules.maximumDepth)) }
        depth += 1
        position += 1
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try open()
        var elements: [JSONValue] = []
        if nextVisible() != UInt8(ascii: "]") {
            repeat { elements.append(try value()) } while try hasMore(before: UInt8(ascii: "]"))
        }
        close()
        return .array(elements)
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        try open()
        var members = JSONObject()
        if nextVisible() != UInt8(ascii: "}") {
            repeat { try member(of: &members) } while try hasMore(before: UInt8(ascii: "}"))
        }
        close()
        return .object(members)
    }

    private mutating func member(of members: inout JSONObject) throws(JSONError) {
        guard nextVisible() == UInt8(ascii: "\"") else { throw error(.noName) }
        let name = try string()
        guard nextVisible() == UInt8(ascii: ":") else { throw error(.noColon) }
        position += 1
        let value = try value()
        guard members.updateValue(value, forName: name) == nil || rules.duplicateNames == .lastCounts else {
            throw error(.duplicateName(name))
        }
    }

    /// Whether another element or member follows, whose comma is taken then; if not, `bracket` does.
    private mutating func hasMore(before bracket: UInt8) throws(JSONError) -> Bool {
        let byte = nextVisible()
        if byte == bracket { return false }
        guard byte == UInt8(ascii: ",") else { throw error(.noCommaOrBracket(bracket)) }
        position += 1
        guard nextVisible() != bracket else { throw error(.commaBeforeBracket) }
        return true
    }

    private mutating func close() {
        depth -= 1
        position += 1
    }
}
