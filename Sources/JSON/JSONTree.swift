/// A value on its way to text.
enum JSONTree {
    /// As it will stand there.
    case literal(String)
    /// Without its quotes.
    case string(String)
    case array(Elements)
    /// An array of numbers, of which answers may have millions.
    case numbers([Float])
    case object(Members)
    case encoded(JSONTreeEncoder)

    /// Filled while containers of an `Encodable` are open, and so shared with them.
    final class Elements {
        var trees: [JSONTree] = []
    }

    final class Members {
        var trees: [(name: String, tree: JSONTree)] = []
    }

    init(_ value: some Encodable) throws {
        switch value {
        case let text as String: self = .string(text)
        case let number as Int: self = .literal("\(number)")
        case let number as Int32: self = .literal("\(number)")
        case let number as Float: self = .number(number)
        case let number as Double: self = .number(number)
        case let numbers as [Float]: self = .numbers(numbers)
        case let flag as Bool: self = .literal(flag ? "true" : "false")
        case let number as any BinaryInteger: self = .literal("\(number)")
        default:
            let encoder = JSONTreeEncoder()
            try value.encode(to: encoder)
            self = .encoded(encoder)
        }
    }

    private static func number(_ number: some BinaryFloatingPoint & CustomStringConvertible) -> JSONTree {
        .literal(String(text(of: number)))
    }

    private static func text(of number: some BinaryFloatingPoint & CustomStringConvertible) -> Substring {
        guard number.isFinite else { return "null" }
        let text = number.description
        return text.hasSuffix(".0") ? text.dropLast(2) : text[...]
    }

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .literal(let text): bytes += text.utf8
        case .string(let text): JSONText.append(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, tree) in elements.trees.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                tree.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .numbers(let numbers):
            bytes.append(UInt8(ascii: "["))
            for (index, number) in numbers.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes += Self.text(of: number).utf8
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            let sorted = members.trees.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            for (index, member) in sorted.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONText.append(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.tree.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case .encoded(let encoder): encoder.tree.append(to: &bytes)
        }
    }
}
