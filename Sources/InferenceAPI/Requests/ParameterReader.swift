import JSON

/// Takes typed values out of a request's JSON object, and knows which members nobody asked for.
///
/// `null` is the same as absent. Every error names the parameter.
struct ParameterReader {
    private let members: JSONObject
    private var known: Set<String> = []
    /// Prepended to names in errors: `stream_options.` inside that object.
    private let prefix: String

    init(_ members: JSONObject, prefix: String = "") {
        self.members = members
        self.prefix = prefix
    }

    /// Members that were never read, sorted.
    var unknownNames: [String] { unread.sortedNames.map { prefix + $0 } }

    /// Members that were never read.
    var unread: JSONObject { members.without(known) }

    /// Names of members that `isMeant` says so of, sorted.
    func names(where isMeant: (String) -> Bool) -> [String] { members.names.filter(isMeant).sorted() }

    /// The member, without the server's knowing it thereby.
    func peek(_ name: String) -> JSONValue? { members[name] }

    mutating func value(_ name: String) -> JSONValue? {
        known.insert(name)
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value = value(name) else { return nil }
        return try Self.integer(value, in: range, named: prefix + name)
    }

    mutating func number(_ name: String, _ bounds: NumberBounds) throws(APIError) -> Float? {
        guard let value = value(name) else { return nil }
        return try Self.number(value, bounds, named: prefix + name)
    }

    mutating func flag(_ name: String) throws(APIError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let flag) = value else { throw .wrongType(prefix + name, "true or false", value) }
        return flag
    }

    mutating func text(_ name: String) throws(APIError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value else { throw .wrongType(prefix + name, "a string", value) }
        return text
    }

    mutating func object(_ name: String) throws(APIError) -> JSONObject? {
        guard let value = value(name) else { return nil }
        guard case .object(let object) = value else { throw .wrongType(prefix + name, "an object", value) }
        return object
    }

    static func integer(_ value: JSONValue, in range: ClosedRange<Int>, named name: String) throws(APIError) -> Int {
        guard let integer = value.asInteger else {
            if value.isNumber { throw .outOfRange(name, integerBounds(range), value) }
            throw .wrongType(name, "an integer", value)
        }
        guard range.contains(integer) else { throw .outOfRange(name, integerBounds(range), value) }
        return integer
    }

    /// A number above an excluded minimum stays above it as a `Float`.
    static func number(_ value: JSONValue, _ bounds: NumberBounds, named name: String) throws(APIError) -> Float {
        guard value.isNumber else { throw .wrongType(name, "a number", value) }
        guard let number = value.asNumber, bounds.contains(number) else {
            throw .outOfRange(name, bounds.description, value)
        }
        let rounded = Float(number)
        return bounds.excludesMinimum ? max(rounded, Float(bounds.minimum) + .leastNormalMagnitude) : rounded
    }

    private static func integerBounds(_ range: ClosedRange<Int>) -> String {
        "an integer from \(range.lowerBound) to \(range.upperBound)"
    }
}
