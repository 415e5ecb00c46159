/// Unpacks raw Snappy (google/snappy, format_description.txt): literals, and copies of what came before.
enum Snappy {
    /// nil for bytes that are not Snappy's, or that would unpack to more than `limit`.
    static func unpack(_ source: [UInt8], limit: Int) -> [UInt8]? {
        var reader = VarintReader(source)
        // 64 bytes of a copy take two, so a short block is not believed to be a long one.
        guard let count = reader.varint().flatMap({ Int(exactly: $0) }), count <= limit, count / 32 <= source.count
        else {
            return nil
        }
        var output: [UInt8] = []
        output.reserveCapacity(count)
        while let tag = reader.byte() {
            let kind = tag & 3
            if kind == 0 {
                guard let length = literalLength(tag, &reader), length <= count - output.count,
                    let literal = reader.bytes(length)
                else { return nil }
                output += literal
                continue
            }
            let length = kind == 1 ? 4 + Int(tag >> 2 & 7) : 1 + Int(tag >> 2)
            let extra = reader.littleEndian(kind == 1 ? 1 : kind == 2 ? 2 : 4)
            guard let extra, length <= count - output.count else { return nil }
            let offset = kind == 1 ? Int(tag >> 5) << 8 | extra : extra
            guard offset > 0, offset <= output.count else { return nil }
            // A copy may run into what it writes.
            for _ in 0..<length { output.append(output[output.count - offset]) }
        }
        return output.count == count ? output : nil
    }

    private static func literalLength(_ tag: UInt8, _ reader: inout VarintReader) -> Int? {
        let short = Int(tag >> 2)
        return short < 60 ? short + 1 : reader.littleEndian(short - 59).map { $0 + 1 }
    }
}
