extension JSONParser {
    /// Takes the number that starts here.
    mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let wholeStart = position
        let magnitude = try digits()
        guard position == wholeStart + 1 || bytes[wholeStart] != UInt8(ascii: "0") else {
            throw error(.malformedNumber)
        }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            _ = try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            _ = try digits()
        }
        if isWhole, let magnitude {
            if !isNegative, let integer = Int(exactly: magnitude) { return .integer(integer) }
            if isNegative, magnitude <= Int.min.magnitude { return .integer(Int(truncatingIfNeeded: 0 &- magnitude)) }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let real = Double(text), real.isFinite else { throw error(.numberOutOfRange) }
        return .real(real)
    }

    /// Takes the digits that start here, of which there must be one; nil when what they spell does not fit.
    private mutating func digits() throws(JSONError) -> UInt? {
        var value: UInt = 0
        var fits = true
        let start = position
        while let byte = next, byte >= 0x30, byte <= 0x39 {
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, carries) = product.addingReportingOverflow(UInt(byte - 0x30))
            fits = fits && !overflows && !carries
            value = sum
            position += 1
        }
        guard position > start else { throw error(.malformedNumber) }
        return fits ? value : nil
    }
}
