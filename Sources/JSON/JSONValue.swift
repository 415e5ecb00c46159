/// A JSON value as it was written: a boolean is never a number, integers stay integers, and no name is lost.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits 64 bits, exact also beyond 2^53; `-0` is 0.
    case integer(Int)
    /// Every other number, rounded to the nearest double; always finite.
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// How an error message names the kind of the value: `a string`, `null`.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .real: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Numbers and booleans as error messages show them, `1.5` or `true`; of all else the kind.
    package var summary: String {
        switch self {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .null, .string, .array, .object: kind
        }
    }

    /// The value as an integer; `3.0` counts, `true` and `"3"` do not.
    ///
    /// Beyond 2^53 a number with a point or an exponent no longer says which integer was meant.
    package var asInteger: Int? {
        switch self {
        case .integer(let value): value
        case .real(let value) where value.magnitude <= 0x1p53: Int(exactly: value)
        default: nil
        }
    }

    /// The value as a number; integers beyond 2^53 are rounded.
    package var asNumber: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    package var isNumber: Bool { asNumber != nil }
}
