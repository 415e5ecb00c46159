/// Records of the zip format, by the sections of PKWARE's APPNOTE.TXT 6.3.10.
extension ZipArchive {
    /// Where the directory is, and how many members it lists.
    struct Directory {
        var bytes: Range<Int>
        var count: Int
    }

    private static let endLength = 22
    private static let locatorLength = 20
    private static let wideEndLength = 56
    private static let entryLength = 46
    private static let headerLength = 30

    /// Finds the directory by the record at the end (4.3.16), before which a comment of up to 65535 bytes may follow.
    static func directory(of source: ByteSource) throws(ArchiveProblem) -> Directory {
        var end = source.count - endLength
        let first = max(0, end - Int(UInt16.max))
        while end >= first {
            if source.number(at: end, as: UInt32.self) == 0x0605_4B50,
                let comment: UInt16 = source.number(at: end + 20), end + endLength + Int(comment) == source.count
            {
                return try directory(of: source, end: end)
            }
            end -= 1
        }
        throw .noEnd
    }

    private static func directory(of source: ByteSource, end: Int) throws(ArchiveProblem) -> Directory {
        if source.number(at: end - locatorLength, as: UInt32.self) == 0x0706_4B50 {
            return try wideDirectory(of: source, locator: end - locatorLength)
        }
        guard let disk: UInt32 = source.number(at: end + 4), let here: UInt16 = source.number(at: end + 8),
            let count: UInt16 = source.number(at: end + 10), let size: UInt32 = source.number(at: end + 12),
            let offset: UInt32 = source.number(at: end + 16)
        else { throw .badDirectory(at: end) }
        guard disk == 0, here == count else { throw .severalVolumes }
        return try directory(count: UInt64(count), size: UInt64(size), offset: UInt64(offset), end: end)
    }

    /// Reads the record of archives past 4 GB or 65535 members (4.3.14), which `locator` (4.3.15) points to.
    private static func wideDirectory(of source: ByteSource, locator: Int) throws(ArchiveProblem) -> Directory {
        guard let position: UInt64 = source.number(at: locator + 8), let end = Int(exactly: position),
            end <= locator - wideEndLength, source.number(at: end, as: UInt32.self) == 0x0606_4B50,
            let disks: UInt64 = source.number(at: end + 16), let here: UInt64 = source.number(at: end + 24),
            let count: UInt64 = source.number(at: end + 32), let size: UInt64 = source.number(at: end + 40),
            let offset: UInt64 = source.number(at: end + 48)
        else { throw .badDirectory(at: locator) }
        guard disks == 0, here == count else { throw .severalVolumes }
        return try directory(count: count, size: size, offset: offset, end: end)
    }

    /// Checks that the directory is in front of its end record at `end` and can hold `count` entries.
    static func directory(
        count: UInt64,
        size: UInt64,
        offset: UInt64,
        end: Int
    ) throws(ArchiveProblem) -> Directory {
        guard let size = Int(exactly: size), let offset = Int(exactly: offset), offset <= end, size <= end - offset,
            let count = Int(exactly: count), count <= size / entryLength
        else { throw .badDirectory(at: end) }
        return Directory(bytes: offset..<offset + size, count: count)
    }

    /// Reads one entry of the directory (4.3.12) and moves `position` behind it.
    static func member(
        of source: ByteSource,
        at position: inout Int,
        directory: Range<Int>
    ) throws(ArchiveProblem) -> Member {
        let start = position
        guard start + entryLength <= directory.upperBound, source.number(at: start, as: UInt32.self) == 0x0201_4B50
        else { throw .badDirectory(at: start) }
        let field = { (offset: Int) -> Int in Int(source.number(at: start + offset, as: UInt16.self) ?? 0) }
        let wideField = { (offset: Int) -> UInt32 in source.number(at: start + offset, as: UInt32.self) ?? 0 }
        let nameEnd = start + entryLength + field(28)
        let extraEnd = nameEnd + field(30)
        position = extraEnd + field(32)
        guard position <= directory.upperBound else { throw .badDirectory(at: start) }
        let nameRange = start + entryLength..<nameEnd
        guard let name = String(validating: source.bytes(in: nameRange), as: UTF8.self) else {
            throw .badName(at: nameRange.lowerBound)
        }
        guard field(34) == 0 else { throw .severalVolumes }
        // Bits 0, 6 and 13: encrypted, strongly so, or the directory itself.
        guard field(8) & 0x2041 == 0 else { throw .encrypted(member: name) }
        guard [0, 8].contains(field(10)) else { throw .unknownMethod(member: name, method: field(10)) }
        let extra = source.slice(nameEnd..<extraEnd)
        guard let sizes = sizes([wideField(24), wideField(20), wideField(42)], extra: extra) else {
            throw .badDirectory(at: start)
        }
        var member = Member(
            name: name,
            isDeflated: field(10) == 8,
            checksum: wideField(16),
            bytes: 0..<sizes[1],
            size: sizes[0],
            headerStart: sizes[2]
        )
        try locate(&member, in: source.slice(0..<directory.lowerBound))
        return member
    }

    /// The numbers of an entry that may be too large for it: those that are all ones stand in its extra field (4.5.3).
    private static func sizes(_ narrow: [UInt32], extra: ByteSource) -> [Int]? {
        var position = 0
        var wide: Range<Int>?
        while wide == nil, let tag: UInt16 = extra.number(at: position),
            let length: UInt16 = extra.number(at: position + 2)
        {
            let content = position + 4..<position + 4 + Int(length)
            guard content.upperBound <= extra.count else { return nil }
            if tag == 1 { wide = content }
            position = content.upperBound
        }
        var next = wide?.lowerBound ?? 0
        var sizes: [Int] = []
        for number in narrow {
            guard number == .max else {
                sizes.append(Int(number))
                continue
            }
            guard let wide, next + 8 <= wide.upperBound, let number: UInt64 = extra.number(at: next),
                let size = Int(exactly: number)
            else { return nil }
            next += 8
            sizes.append(size)
        }
        return sizes
    }

    /// Moves the member's bytes behind its own header (4.3.7), which must not contradict the directory.
    ///
    /// - Parameter data: everything before the directory.
    private static func locate(_ member: inout Member, in data: ByteSource) throws(ArchiveProblem) {
        let start = member.headerStart
        guard data.count >= headerLength, start <= data.count - headerLength else {
            throw .outsideFile(member: member.name)
        }
        guard data.number(at: start, as: UInt32.self) == 0x0403_4B50,
            let method: UInt16 = data.number(at: start + 8), let nameLength: UInt16 = data.number(at: start + 26),
            let extraLength: UInt16 = data.number(at: start + 28)
        else { throw .contradiction(member: member.name) }
        let nameRange = start + headerLength..<start + headerLength + Int(nameLength)
        let dataStart = nameRange.upperBound + Int(extraLength)
        guard dataStart <= data.count, member.bytes.count <= data.count - dataStart else {
            throw .outsideFile(member: member.name)
        }
        guard method == (member.isDeflated ? 8 : 0), data.bytes(in: nameRange) == Array(member.name.utf8),
            member.isDeflated || member.bytes.count == member.size, agrees(member, data)
        else { throw .contradiction(member: member.name) }
        member.bytes = dataStart..<dataStart + member.bytes.count
    }

    /// Whether the sizes in the member's header are the directory's, or left to the directory or a descriptor behind it.
    private static func agrees(_ member: Member, _ data: ByteSource) -> Bool {
        guard let flags: UInt16 = data.number(at: member.headerStart + 6), flags & 8 == 0 else { return true }
        return zip([18, 22], [member.bytes.count, member.size]).allSatisfy { offset, size in
            let number: UInt32? = data.number(at: member.headerStart + offset)
            return number == .max || number.map { Int($0) } == size
        }
    }
}
