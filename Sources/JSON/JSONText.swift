/// Writes values as JSON: the same value is always the same bytes.
///
/// Members are sorted by the bytes of their names, nothing is between them but commas, and numbers are the shortest
/// decimals that read back as the same `Float` or `Double`. Quotes, backslashes and control characters are escaped,
/// nothing else. NaN and the infinities, which JSON has not, are `null`. These are the bytes of Foundation's
/// `JSONEncoder` with `sortedKeys` and `withoutEscapingSlashes`, for what is made of strings, numbers, booleans,
/// optionals, arrays and dictionaries.
package enum JSONText {
    /// The text of `value`, in UTF-8.
    ///
    /// Traps when `value` itself throws instead of encoding, which no answer does.
    package static func bytes(_ value: some Encodable) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            try JSONTree(value).append(to: &bytes)
        } catch {
            preconditionFailure("an answer that does not encode: \(error)")
        }
        return bytes
    }

    /// Puts `text` in quotes.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { units in
            var plain = 0
            for (index, unit) in units.enumerated() where unit < 0x20 || unit == 0x22 || unit == 0x5C {
                bytes += units[plain..<index]
                appendEscaped(unit, to: &bytes)
                plain = index + 1
            }
            bytes += units[plain...]
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEscaped(_ unit: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch unit {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case ..<0x20:
            let low = unit & 15
            bytes += "u00".utf8
            bytes.append(0x30 + unit >> 4)
            bytes.append(low < 10 ? 0x30 + low : 0x61 + low - 10)
        default: bytes.append(unit)
        }
    }
}
