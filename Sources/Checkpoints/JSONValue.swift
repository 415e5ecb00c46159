/// A JSON value as it was written: integers stay integers, and no key is lost.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits 64 bits.
    case integer(Int)
    /// Every other number; always finite.
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// What kind of value this is, for error messages: `a string`, `null`.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// Why some bytes are not the JSON this program reads.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    package var problem: String
    package var offset: Int

    package var description: String { "\(problem) at byte \(offset)" }
}
