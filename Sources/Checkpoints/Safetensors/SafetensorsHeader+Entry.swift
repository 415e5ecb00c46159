import JSON

extension SafetensorsHeader.Entry {
    /// Reads one entry and checks it on its own; `bytes` counts from the start of the data.
    init(_ value: JSONValue, dataBytes: Int) throws(EntryProblem) {
        guard case .object(let members) = value else { throw .badMember("dtype") }
        if let key = members.without(["dtype", "shape", "data_offsets"]).sortedNames.first {
            throw .unknownMember(key)
        }
        guard case .string(let typeName) = members["dtype"] else { throw .badMember("dtype") }
        guard let type = SafetensorsType(rawValue: typeName) else { throw .unknownType(typeName) }
        guard let shape = members["shape"]?.sizes else { throw .badMember("shape") }
        guard let offsets = members["data_offsets"]?.sizes, offsets.count == 2 else {
            throw .badMember("data_offsets")
        }
        let (begin, end) = (offsets[0], offsets[1])
        guard begin <= end else { throw .reversedOffsets(begin: begin, end: end) }
        guard end <= dataBytes else { throw .outsideFile(end: end, dataBytes: dataBytes) }
        let needed = try Self.byteCount(type, shape)
        guard needed == end - begin else { throw .lengthMismatch(shapeBytes: needed, rangeBytes: end - begin) }
        self.init(type: type, shape: shape, bytes: begin..<end)
    }

    private static func byteCount(_ type: SafetensorsType, _ shape: [Int]) throws(EntryProblem) -> Int {
        var bits = type.bitCount
        for size in shape {
            let (product, overflow) = bits.multipliedReportingOverflow(by: size)
            guard !overflow else { throw .impossibleSize }
            bits = product
        }
        guard bits % 8 == 0 else { throw .impossibleSize }
        return bits / 8
    }
}
