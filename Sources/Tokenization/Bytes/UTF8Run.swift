/// Bytes of UTF-8 that come one by one: gives out whole characters and drops what can no longer become one, as Python's
/// `decode(errors="ignore")` does with all of them at once.
struct UTF8Run: Sendable {
    private var pending: [UInt8] = []

    var isEmpty: Bool { pending.isEmpty }

    /// The text that is certain with one byte more; often empty.
    mutating func append(_ byte: UInt8) -> String {
        pending.append(byte)
        var text = ""
        while let first = pending.first {
            let length = Self.length(first)
            guard length > 0 else {
                pending.removeFirst()
                continue
            }
            let valid = (1..<length).prefix { $0 < pending.count && Self.continues(pending, at: $0) }.count + 1
            if valid == length {
                text += String(decoding: pending[..<length], as: UTF8.self)
                pending.removeFirst(length)
            } else if valid < pending.count {
                pending.removeFirst(valid)
            } else {
                break
            }
        }
        return text
    }

    /// Nothing comes any more: an unfinished character is dropped.
    mutating func finish() { pending = [] }

    /// Of the character a byte begins; 0 for one that begins none (RFC 3629, section 4).
    private static func length(_ byte: UInt8) -> Int {
        switch byte {
        case ..<0x80: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    private static func continues(_ bytes: [UInt8], at index: Int) -> Bool {
        guard index == 1 else { return (0x80...0xBF).contains(bytes[index]) }
        switch bytes[0] {
        case 0xE0: return (0xA0...0xBF).contains(bytes[1])
        case 0xED: return (0x80...0x9F).contains(bytes[1])
        case 0xF0: return (0x90...0xBF).contains(bytes[1])
        case 0xF4: return (0x80...0x8F).contains(bytes[1])
        default: return (0x80...0xBF).contains(bytes[1])
        }
    }
}
