import JSON
import TestSupport

extension JSONValue {
    /// A value with at most `depth` arrays and objects inside one another.
    static func random(depth: Int, using random: inout SplitMix) -> JSONValue {
        func text() -> String {
            String(
                (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    "ab\n\"\\é\u{1}😀/".randomElement(using: &random) ?? "a"
                }
            )
        }
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random) >> Int.random(in: 0..<64, using: &random))
        case 3: return .real(.random(in: -1...1, using: &random) * 1e-3)
        case 4: return .string(text())
        case 5:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in Self.random(depth: depth - 1, using: &random) }
            )
        default:
            var members = JSONObject()
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                members[text()] = Self.random(depth: depth - 1, using: &random)
            }
            return .object(members)
        }
    }
}
