/// What is wrong with a stored array.
package enum ArrayProblem: Error, Equatable, Sendable {
    /// The version of zarr's format.
    case unsupportedFormat(Int)
    case hasFilters
    case unknownCompressor(String)
    case blosc
    case badMember(String)
    case unknownType(String)
    /// Shape times element size passes what is read.
    case tooLarge(bytes: String, limit: Int)
    case tooManyChunks(limit: Int)
    /// A chunk is not there, and the array names no value to fill it with.
    case missingChunk(String)
    /// A chunk has another size than the array says, packed or not.
    case wrongSize(chunk: String, found: Int, expected: Int)
    case damagedChunk(String)
    case tooManyDimensions(limit: Int)
    case inlineLength(found: Int, expected: Int)
}

extension ArrayProblem: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the array's file.
    package var description: String {
        switch self {
        case .unsupportedFormat(let version): "is an array of zarr's format \(version); expected 2"
        case .hasFilters: "is an array with zarr's filters, which are not read"
        case .unknownCompressor(let id): "is packed by \(quoted(id)); expected gzip, zlib, zstd or nothing"
        case .blosc: "is packed by blosc, which is not read: copy the array with tensorstore's compressor gzip or zstd"
        case .badMember(let member): "has no usable \(quoted(member))"
        case .unknownType(let type): "holds elements of the type \(quoted(type)), which are not read"
        case .tooLarge(let bytes, let limit): "has \(bytes) bytes; at most \(limit) are expected"
        case .tooManyChunks(let limit): "has more than \(limit) chunks"
        case .missingChunk(let chunk): "lacks the chunk \(quoted(chunk)), and names no value to fill it with"
        case .wrongSize(let chunk, let found, let expected):
            "has a chunk \(quoted(chunk)) of \(found) bytes; expected \(expected)"
        case .damagedChunk(let chunk): "has the damaged chunk \(quoted(chunk))"
        case .tooManyDimensions(let limit): "has more than \(limit) dimensions"
        case .inlineLength(let found, let expected):
            "holds \(found) bytes; by its shape and type \(expected) are expected"
        }
    }
}
