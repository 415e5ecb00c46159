/// What is wrong with one storage of a PyTorch file.
package enum StorageProblem: Equatable, Sendable {
    /// A tensor's storage is not among those of the file.
    case missing
    case wrongSize(elements: Int, type: String, found: Int)
    /// The file stores it twice, or has no tensor for it.
    case unexpected
}

/// What is wrong with a PyTorch file of before 1.6.
package enum LegacyProblem: Error, Equatable, Sendable {
    /// It begins neither as a zip archive nor with the number of the old format.
    case noMagicNumber
    case unknownVersion
    case bigEndian
    /// After the weights' pickle there is no list of storages.
    case noStorageList
    case endsEarly
    /// So many bytes follow the last storage.
    case trailingBytes(Int)
}

extension StorageProblem: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the storage.
    package var description: String {
        switch self {
        case .missing: "is described, but not there"
        case .wrongSize(let elements, let type, let found):
            "is described as \(elements) elements of type \(type), but has \(found) bytes"
        case .unexpected: "is there twice, or not described"
        }
    }
}

extension LegacyProblem: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the file.
    package var description: String {
        switch self {
        case .noMagicNumber: "is not a PyTorch weight file, neither a zip archive nor of the format before 1.6"
        case .unknownVersion: "is a PyTorch weight file of an unknown version; expected 1001"
        case .bigEndian: "was written by a big-endian machine; expected a little-endian one"
        case .noStorageList: "has no list of storages behind its pickle"
        case .endsEarly: "ends within its storages"
        case .trailingBytes(let count): "has \(count) bytes behind its last storage"
        }
    }
}
