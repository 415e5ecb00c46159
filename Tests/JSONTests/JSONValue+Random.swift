@testable import JSON

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension JSONValue: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .real(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// A value with at most `depth` arrays and objects inside one another.
    static func random(depth: Int, using random: inout SeededRandom) -> JSONValue {
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
            let members = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                (text(), Self.random(depth: depth - 1, using: &random))
            }
            return .object(Dictionary(members) { $1 })
        }
    }
}
