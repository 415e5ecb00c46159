extension JSONParser {
    /// Takes the string whose opening quote is the next byte.
    mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        skipPlain()
        guard next == UInt8(ascii: "\\") else {
            // Most strings have no escape, and are taken as they stand.
            let end = position
            try closeString()
            return try text(bytes[start..<end])
        }
        var unescaped = Array(bytes[start..<position])
        while take(UInt8(ascii: "\\")) {
            try appendEscape(to: &unescaped)
            let start = position
            skipPlain()
            unescaped += bytes[start..<position]
        }
        try closeString()
        return try text(unescaped[...])
    }

    /// Passes over everything up to a quote, a backslash, a control character or the end.
    private mutating func skipPlain() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return }
            position += 1
        }
    }

    private mutating func closeString() throws(JSONError) {
        guard let byte = next else { throw error(.unendedString) }
        guard byte == UInt8(ascii: "\"") else { throw error(.controlCharacter) }
        position += 1
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw error(.invalidUTF8) }
        if let limit = rules.maximumMarks, CombiningMarks.exceed(limit, in: text) {
            throw error(.tooManyMarks(limit: limit))
        }
        return text
    }

    /// Takes what follows a backslash.
    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONError) {
        guard let byte = next else { throw error(.unendedString) }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            text += try unicodeEscape().utf8
            return
        default: throw error(.unknownEscape)
        }
        position += 1
    }

    /// Takes what follows `\u`, and where that is half a pair, the other half (RFC 8259, section 7).
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw error(.halfSurrogatePair)
        }
        let second = try hexadecimalUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((UInt32(first) - 0xD800) << 10) + (UInt32(second) - 0xDC00))
        else { throw error(.halfSurrogatePair) }
        return scalar
    }

    private mutating func hexadecimalUnit() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Self.hexadecimalDigit(byte) else {
                throw error(.malformedUnicodeEscape)
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
