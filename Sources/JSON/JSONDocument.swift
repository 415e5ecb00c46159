/// A JSON value as a file for people: a member a line, in the order of their names.
package struct JSONDocument {
    private let value: JSONValue

    package init(_ value: JSONValue) { self.value = value }

    /// With the end of the last line.
    package var text: String { Self.text(value, indent: "") + "\n" }

    private static func text(_ value: JSONValue, indent: String) -> String {
        let inner = indent + "  "
        switch value {
        case .null: return "null"
        case .bool(let flag): return "\(flag)"
        case .integer(let number): return "\(number)"
        // With a point or an exponent, also where it is whole: transformers tells the two apart.
        case .real(let number): return "\(number)"
        case .string(let text): return quoted(text)
        case .array(let elements):
            return "[" + elements.map { Self.text($0, indent: inner) }.joined(separator: ", ") + "]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.sortedNames.map { name in
                "\(inner)\(quoted(name)): \(Self.text(members[name] ?? .null, indent: inner))"
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        }
    }

    private static func quoted(_ text: String) -> String { String(decoding: JSONText.bytes(text), as: UTF8.self) }
}
