/// The fields of a message of Protocol Buffers, in the order in which they stand.
struct ProtobufFields {
    enum Value {
        case varint(UInt64)
        /// A number of 4 bytes.
        case fixed(UInt32)
        /// A message, a text or bytes: where they are.
        case bytes(Range<Int>)
        /// Of 8 bytes, which no message read here has.
        case wide
    }

    private let source: [UInt8]
    private var reader: VarintReader

    init(_ source: [UInt8], _ range: Range<Int>) {
        self.source = source
        reader = VarintReader(source, range)
    }

    /// The next field, nil at the end.
    mutating func next() throws(TableProblem) -> (number: Int, value: Value)? {
        guard !reader.isAtEnd else { return nil }
        guard let key = reader.varint(), let number = Int(exactly: key >> 3) else { throw .badMessage }
        switch key & 7 {
        case 0:
            guard let value = reader.varint() else { throw .badMessage }
            return (number, .varint(value))
        case 1:
            guard reader.bytes(8) != nil else { throw .badMessage }
            return (number, .wide)
        case 2:
            guard let count = reader.size(), let bytes = reader.bytes(count) else { throw .badMessage }
            return (number, .bytes(bytes.startIndex..<bytes.endIndex))
        case 5:
            guard let value = reader.littleEndian(4) else { throw .badMessage }
            return (number, .fixed(UInt32(value)))
        default: throw .badMessage
        }
    }
}
