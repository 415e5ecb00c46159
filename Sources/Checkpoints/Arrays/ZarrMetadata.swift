import JSON

/// What `.zarray` says of an array of zarr's format 2, as TensorStore writes it.
struct ZarrMetadata: Equatable, Sendable {
    static let fileName = ".zarray"

    let shape: ArrayShape
    let compressor: ChunkDecoder.Compressor
    /// Between the numbers of a chunk's name: `.`, or `/` for directories in each other.
    let separator: String
    /// The first index runs fastest: Fortran's order.
    let isColumnMajor: Bool
    /// What a chunk without a file is full of; nil where the array does not say.
    let fillValue: Float?

    /// - Parameter bytes: the text of the file.
    init(_ bytes: [UInt8]) throws(ArrayProblem) {
        let json: JSONValue
        do { json = try JSONParser.parse(bytes) } catch { throw .badMember("JSON: \(error)") }
        guard case .object(let members) = json else { throw .badMember("JSON") }
        guard case .integer(let version) = members["zarr_format"] else { throw .badMember("zarr_format") }
        guard version == 2 else { throw .unsupportedFormat(version) }
        switch members["filters"] {
        case nil, .null, .array([]): break
        default: throw .hasFilters
        }
        guard case .string(let type) = members["dtype"] else { throw .badMember("dtype") }
        guard let elementType = Self.elementTypes[type] else { throw .unknownType(type) }
        guard let sizes = members["shape"]?.sizes else { throw .badMember("shape") }
        guard let chunk = members["chunks"]?.sizes else { throw .badMember("chunks") }
        shape = try ArrayShape(sizes: sizes, chunk: chunk, elementType)
        compressor = try Self.compressor(members["compressor"])
        switch members["dimension_separator"] {
        case nil, .string("."): separator = "."
        case .string("/"): separator = "/"
        default: throw .badMember("dimension_separator")
        }
        switch members["order"] {
        case nil, .string("C"): isColumnMajor = false
        case .string("F"): isColumnMajor = true
        default: throw .badMember("order")
        }
        fillValue = try Self.fillValue(members["fill_value"], of: type)
    }

    /// Numbers as NumPy names them; of version 2 of T5X `<u2` are the bits of bfloat16, never numbers.
    private static let elementTypes: [String: ElementType] = [
        "<f8": .float64, "<f4": .float32, "<f2": .float16, "bfloat16": .bfloat16, "<u2": .bfloat16,
    ]

    private static func compressor(_ value: JSONValue?) throws(ArrayProblem) -> ChunkDecoder.Compressor {
        switch value {
        case nil, .null: return .none
        case .object(let members):
            guard case .string(let id) = members["id"] else { throw .badMember("compressor") }
            switch id {
            case "gzip", "zlib": return .deflate
            case "zstd": return .zstd
            case "blosc": throw .blosc
            default: throw .unknownCompressor(id)
            }
        default: throw .badMember("compressor")
        }
    }

    private static func fillValue(_ value: JSONValue?, of type: String) throws(ArrayProblem) -> Float? {
        switch value {
        case nil, .null: return nil
        case .string("NaN"): return .nan
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        default:
            guard let number = value?.asNumber else { throw .badMember("fill_value") }
            guard type == "<u2" else { return Float(number) }
            guard let bits = UInt16(exactly: number) else { throw .badMember("fill_value") }
            return Float(bitPattern: UInt32(bits) << 16)
        }
    }

    /// The file of a chunk, within the array's directory.
    func name(ofChunk index: [Int]) -> String {
        index.isEmpty ? "0" : index.map(String.init).joined(separator: separator)
    }
}
