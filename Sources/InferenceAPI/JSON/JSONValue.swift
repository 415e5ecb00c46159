import Foundation

/// A JSON value as a client sent it.
///
/// A boolean is never a number and a number never a boolean.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Has a fraction or an exponent, or does not fit an `Int64`.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

extension JSONValue {
    /// Takes over what `JSONSerialization` read, where numbers and booleans are both `NSNumber`.
    init(_ value: Any) {
        switch value {
        case let text as String: self = .string(text)
        case let number as NSNumber: self.init(number)
        case let items as [Any]: self = .array(items.map { JSONValue($0) })
        case let members as [String: Any]: self = .object(members.mapValues { JSONValue($0) })
        default: self = .null
        }
    }

    private init(_ number: NSNumber) {
        switch UInt8(truncatingIfNeeded: number.objCType.pointee) {
        case UInt8(ascii: "c"): self = .bool(number.boolValue)
        case UInt8(ascii: "d"), UInt8(ascii: "Q"):
            // Long negative integers arrive as decimals that call themselves doubles.
            let exact = number.doubleValue < -0x1p53 ? Int64(number.stringValue) : nil
            self = exact.map { .integer($0) } ?? .number(number.doubleValue)
        default: self = .integer(number.int64Value)
        }
    }
}

extension JSONValue {
    /// How an error message names the kind of the value.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The value as an integer; `3.0` counts, `true` and `"3"` do not.
    ///
    /// Beyond 2^53 a number with a point or an exponent no longer says which integer was meant.
    var asInteger: Int? {
        switch self {
        case .integer(let value): Int(value)
        case .number(let value) where value.magnitude <= 0x1p53: Int(exactly: value)
        default: nil
        }
    }

    /// The value as a finite number.
    var asNumber: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value.isFinite ? value : nil
        default: nil
        }
    }

    var isNumber: Bool {
        switch self {
        case .integer, .number: true
        default: false
        }
    }

    /// The value as an error message quotes it.
    var quoted: String {
        switch self {
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .string(let text): "\"\(text)\""
        case .bool(let flag): String(flag)
        default: kind
        }
    }
}
