import Checkpoints
package import JSON

/// Takes values out of one JSON object by key, checking kind and range on the way.
package struct ConfigurationReader {
    package let file: String
    private let members: JSONObject

    /// The keys whose values are not null, sorted.
    package var keys: [String] { members.filter { $0.value != .null }.map(\.name).sorted() }

    /// - Parameter file: the name used in error messages.
    package init(_ bytes: [UInt8], file: String) throws(ConfigurationError) {
        guard bytes.count <= SwitchConfiguration.maximumFileBytes else {
            throw .unreadable(
                .tooLarge(file: file, limit: SwitchConfiguration.maximumFileBytes, found: bytes.count)
            )
        }
        let json: JSONValue
        do {
            json = try JSONParser.parse(bytes, JSONRules(maximumDepth: 32))
        } catch {
            throw .malformedJSON(file: file, reason: "\(error)")
        }
        guard case .object(let members) = json else {
            throw .malformedJSON(file: file, reason: "it is \(json.summary), expected an object")
        }
        self.file = file
        self.members = members
    }

    /// - Parameter members: of an object inside a file.
    init(_ members: JSONObject, file: String) {
        (self.members, self.file) = (members, file)
    }

    /// Whether `key` is given and not null.
    package func has(_ key: String) -> Bool { self[key] != nil }

    /// Whether `key` is there at all, null included.
    package func mentions(_ key: String) -> Bool { members[key] != nil }

    /// The value at `key`, nil when it is absent or null.
    package subscript(key: String) -> JSONValue? {
        let value = members[key]
        return value == .null ? nil : value
    }

    /// The whole number at `key`, nil when it is absent or null.
    package func integer(_ key: String, in allowed: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .integer(let integer) = value else { throw wrongKind(key, "a whole number", value) }
        guard allowed.contains(integer) else {
            throw .outOfRange(file: file, key: key, value: integer, allowed: allowed)
        }
        return integer
    }

    /// The whole number at `key` or at its other name `alias`, which must agree.
    func integer(
        _ key: String,
        alias: String,
        in allowed: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int? {
        let value = try integer(key, in: allowed)
        let other = try integer(alias, in: allowed)
        if let value, let other, value != other {
            throw .contradiction(file: file, key: key, value: "\(value)", otherKey: alias, otherValue: "\(other)")
        }
        return value ?? other
    }

    /// What is at `key`, nil when it is absent or null.
    ///
    /// - Throws: `.wrongKind` for anything but true and false.
    package func bool(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let bool) = value else { throw wrongKind(key, "true or false", value) }
        return bool
    }

    /// The text at `key`, nil when it is absent or null.
    ///
    /// - Throws: `.wrongKind` for anything but text.
    package func string(_ key: String) throws(ConfigurationError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let string) = value else { throw wrongKind(key, "a string", value) }
        return string
    }

    /// The number at `key`, nil when it is absent or null.
    package func number(_ key: String, in allowed: ClosedRange<Double>) throws(ConfigurationError) -> Double? {
        guard let value = self[key] else { return nil }
        guard let number = value.asNumber else { throw wrongKind(key, "a number", value) }
        guard allowed.contains(number) else {
            throw .numberOutOfRange(file: file, key: key, value: number, allowed: allowed)
        }
        return number
    }

    /// The number at `key`, which must lie strictly between 0 and 1 also as a Float.
    func epsilon(_ key: String) throws(ConfigurationError) -> Float? {
        guard let value = self[key] else { return nil }
        guard let number = value.asNumber else { throw wrongKind(key, "a number", value) }
        guard number < 1, Float(number) > 0, Float(number) < 1 else {
            throw .epsilonOutOfRange(file: file, value: number)
        }
        return Float(number)
    }

    /// The token ids at `key`, given as one number or a list; nil when it is absent or null.
    package func tokens(_ key: String) throws(ConfigurationError) -> [Int]? {
        guard let value = self[key] else { return nil }
        let expected = "a token id or a list of them"
        switch value {
        case .integer(let token): return [token]
        case .array(let elements):
            var tokens: [Int] = []
            for element in elements {
                guard case .integer(let token) = element else { throw wrongKind(key, expected, element) }
                tokens.append(token)
            }
            return tokens
        default: throw wrongKind(key, expected, value)
        }
    }

    /// The texts at `key`, given as one or a list; nil when it is absent or null.
    func strings(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let value = self[key] else { return nil }
        if case .string(let string) = value { return [string] }
        guard case .array(let elements) = value else { throw wrongKind(key, "a list of names", value) }
        var strings: [String] = []
        for element in elements {
            guard case .string(let string) = element else { throw wrongKind(key, "a list of names", element) }
            strings.append(string)
        }
        return strings
    }

    /// Refuses any value at `key` but the `supported` ones.
    func require(_ key: String, oneOf supported: [String]) throws(ConfigurationError) {
        guard let value = try string(key), !supported.contains(value) else { return }
        let shown = value.unicodeScalars.prefix(40).map { $0.value < 0x20 ? " " : String($0) }.joined()
        let expected = supported.map { "'\($0)'" }.joined(separator: " or ")
        throw .unsupported(file: file, key: key, value: "'\(shown)'", expected: expected)
    }

    /// The error of a value that is not what `expected` says, such as `a whole number`.
    package func wrongKind(_ key: String, _ expected: String, _ found: JSONValue) -> ConfigurationError {
        .wrongKind(file: file, key: key, expected: expected, found: found.summary)
    }
}
