/// Takes numbers and runs of bytes off the front of others; nil where there are too few.
struct VarintReader {
    private let source: [UInt8]
    private(set) var position: Int
    private let end: Int

    init(_ source: [UInt8]) { self.init(source, 0..<source.count) }

    /// - Precondition: `range` lies within `source`.
    init(_ source: [UInt8], _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= source.count, "\(range) of \(source.count) bytes")
        (self.source, position, end) = (source, range.lowerBound, range.upperBound)
    }

    var isAtEnd: Bool { position == end }

    mutating func byte() -> UInt8? {
        guard position < end else { return nil }
        defer { position += 1 }
        return source[position]
    }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= end - position else { return nil }
        defer { position += count }
        return source[position..<position + count]
    }

    /// Seven bits a byte, the lowest first; at most 64.
    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = byte() else { return nil }
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
        }
        return nil
    }

    /// A varint that is a length or an offset.
    mutating func size() -> Int? { varint().flatMap { Int(exactly: $0) } }

    /// A number of up to eight bytes, the lowest first.
    mutating func littleEndian(_ count: Int) -> Int? {
        guard let bytes = bytes(count) else { return nil }
        return Int(exactly: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
