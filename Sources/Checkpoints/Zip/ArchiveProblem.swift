/// What is wrong with a zip archive.
package enum ArchiveProblem: Error, Equatable, Sendable {
    /// There is no end record, where reading a zip archive starts.
    case noEnd
    case severalVolumes
    case badDirectory(at: Int)
    case tooManyMembers(limit: Int)
    case badName(at: Int)
    case duplicate(member: String)
    case encrypted(member: String)
    case unknownMethod(member: String, method: Int)
    /// The member's own header says something else than the directory.
    case contradiction(member: String)
    case outsideFile(member: String)
    case overlap(member: String, other: String)
    /// Unpacked, the members would be far larger than what they are packed into.
    case expands(limit: Int)
    case tooLarge(member: String, size: Int, limit: Int)
    case damaged(member: String)
    /// None, or several, for then the one that is meant cannot be known.
    case noPickle(found: Int)
    case byteOrder(String)
}

extension ArchiveProblem: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the file.
    package var description: String {
        switch self {
        case .noEnd: "is a zip archive without its end"
        case .severalVolumes: "is one of several volumes of a zip archive"
        case .badDirectory(let offset): "has a damaged zip directory at byte \(offset)"
        case .tooManyMembers(let limit): "has more than \(limit) zip members"
        case .badName(let offset): "has a zip member whose name at byte \(offset) is not UTF-8"
        case .duplicate(let member): "has two zip members \(quoted(member))"
        case .encrypted(let member): "has the encrypted zip member \(quoted(member))"
        case .unknownMethod(let member, let method):
            "has zip member \(quoted(member)) packed by method \(method); expected 0 (stored) or 8 (deflated)"
        case .contradiction(let member): "has zip member \(quoted(member)), whose header contradicts the directory"
        case .outsideFile(let member): "has zip member \(quoted(member)), which reaches past the data"
        case .overlap(let member, let other): "has zip member \(quoted(member)), which overlaps \(quoted(other))"
        case .expands(let limit): "has deflated zip members said to unpack to more than \(limit) bytes"
        case .tooLarge(let member, let size, let limit):
            "has zip member \(quoted(member)) of \(size) bytes; at most \(limit) are expected"
        case .damaged(let member): "has the damaged zip member \(quoted(member))"
        case .noPickle(let found): "has \(found) zip members named data.pkl; expected one"
        case .byteOrder(let order): "holds numbers in the byte order \(quoted(order)); expected 'little'"
        }
    }
}
