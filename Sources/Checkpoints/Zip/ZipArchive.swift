/// A zip archive whose directory was checked from end to end: every member lies in the file and on no other.
struct ZipArchive: Sendable {
    struct Member: Equatable, Sendable {
        var name: String
        var isDeflated: Bool
        var checksum: UInt32
        /// Where it is in the file, as it is packed.
        var bytes: Range<Int>
        /// Unpacked.
        var size: Int
        /// Where its own header begins.
        var headerStart: Int
    }

    /// By name.
    let members: [String: Member]
    private let source: ByteSource

    init(_ source: ByteSource, limits: ZipLimits = ZipLimits()) throws(ArchiveProblem) {
        self.source = source
        let directory = try Self.directory(of: source)
        guard directory.count <= limits.members else { throw .tooManyMembers(limit: limits.members) }
        var members: [String: Member] = [:]
        var position = directory.bytes.lowerBound
        for _ in 0..<directory.count {
            let member = try Self.member(of: source, at: &position, directory: directory.bytes)
            guard members.updateValue(member, forKey: member.name) == nil else {
                throw .duplicate(member: member.name)
            }
        }
        guard position == directory.bytes.upperBound else { throw .badDirectory(at: position) }
        self.members = members
        try Self.checkLayout(Array(members.values), fileBytes: source.count, limits: limits)
    }

    /// What `member` holds: where it lies in the file, or when it is deflated, unpacked into memory and checked.
    func contents(of member: Member) throws(ArchiveProblem) -> ByteSource {
        guard member.isDeflated else { return source.slice(member.bytes) }
        let packed = source.slice(member.bytes)
        guard let bytes = Inflate.inflate(packed, count: member.size, checksum: member.checksum) else {
            throw .damaged(member: member.name)
        }
        return ByteSource(bytes)
    }

    /// The contents of `member` with its checksum compared, for what must be right to the last bit.
    func checkedContents(of member: Member, limit: Int) throws(ArchiveProblem) -> ByteSource {
        guard member.size <= limit else { throw .tooLarge(member: member.name, size: member.size, limit: limit) }
        let contents = try contents(of: member)
        guard member.isDeflated || Inflate.checksum(contents) == member.checksum else {
            throw .damaged(member: member.name)
        }
        return contents
    }

    /// Checks that no member lies on another, and that what is deflated does not grow past the limit.
    static func checkLayout(
        _ members: [Member],
        fileBytes: Int,
        limits: ZipLimits = ZipLimits()
    ) throws(ArchiveProblem) {
        let ordered = members.sorted { ($0.headerStart, $0.name) < ($1.headerStart, $1.name) }
        for (member, next) in zip(ordered, ordered.dropFirst())
        where member.bytes.upperBound > next.headerStart {
            throw .overlap(member: next.name, other: member.name)
        }
        // Sizes are below 2^63, but their sum need not be.
        let limit = fileBytes * limits.expansion + limits.freeBytes
        var unpacked = 0
        for member in ordered where member.isDeflated {
            guard member.size <= limit - unpacked else { throw .expands(limit: limit) }
            unpacked += member.size
        }
    }
}
