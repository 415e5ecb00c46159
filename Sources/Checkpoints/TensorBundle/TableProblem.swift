/// What is wrong with the index of a TensorFlow bundle.
package enum TableProblem: Error, Equatable, Sendable {
    case noMagic
    case badHandle
    /// A block reaches past the file, or its entries past the block.
    case badBlock(at: Int)
    case checksum(at: Int)
    /// The number of a method.
    case unknownCompression(UInt8, at: Int)
    case damagedSnappy(at: Int)
    case tooManyEntries(limit: Int)
    case notOrdered(at: Int)
    case badMessage
    case noHeader
    case bigEndian
    /// The oldest reader its writer allows.
    case unknownVersion(Int)
}

extension TableProblem: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the file.
    package var description: String {
        switch self {
        case .noMagic: "does not end as an index of TensorFlow's does"
        case .badHandle: "says not where its blocks are"
        case .badBlock(let offset): "has a damaged block at byte \(offset)"
        case .checksum(let offset): "has a block at byte \(offset) whose checksum is another"
        case .unknownCompression(let kind, let offset):
            "has a block at byte \(offset) packed by method \(kind); expected 0 (not at all) or 1 (Snappy)"
        case .damagedSnappy(let offset): "has a block at byte \(offset) that does not unpack"
        case .tooManyEntries(let limit): "has more than \(limit) entries"
        case .notOrdered(let offset): "has a block at byte \(offset) whose keys are not in order"
        case .badMessage: "has an entry that cannot be read"
        case .noHeader: "has no entry about the bundle itself"
        case .bigEndian: "is of a machine with the other order of bytes"
        case .unknownVersion(let version): "is of a version that begins at \(version); expected 1"
        }
    }
}
