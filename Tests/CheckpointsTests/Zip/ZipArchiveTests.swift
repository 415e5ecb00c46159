import Testing

@testable import Checkpoints

private typealias Member = ZipArchive.Member

private func member(_ name: String, from start: Int, to end: Int, unpacked size: Int? = nil) -> Member {
    Member(
        name: name,
        isDeflated: size != nil,
        checksum: 0,
        bytes: start + 30..<end,
        size: size ?? end - start - 30,
        headerStart: start
    )
}

private func problem(_ members: [Member], fileBytes: Int, _ limits: ZipLimits = ZipLimits()) -> ArchiveProblem? {
    do throws(ArchiveProblem) {
        try ZipArchive.checkLayout(members, fileBytes: fileBytes, limits: limits)
        return nil
    } catch {
        return error
    }
}

@Suite struct ZipArchiveTests {
    @Test func membersMayTouchButNotOverlap() {
        let second = member("b", from: 40, to: 80)
        #expect(problem([second, member("a", from: 0, to: 40)], fileBytes: 80) == nil)
        #expect(problem([second, member("a", from: 0, to: 41)], fileBytes: 80) == .overlap(member: "b", other: "a"))
        #expect(problem([second, member("c", from: 40, to: 80)], fileBytes: 80) == .overlap(member: "c", other: "b"))
    }

    @Test func deflatedMembersMayGrowUpToTheLimitTogether() {
        let limits = ZipLimits(members: 2, expansion: 2, freeBytes: 10)
        let first = member("a", from: 0, to: 40, unpacked: 100)
        let stored = member("c", from: 80, to: 180)
        #expect(problem([first, member("b", from: 40, to: 80, unpacked: 70), stored], fileBytes: 80, limits) == nil)
        for size in [71, Int.max] {
            let second = member("b", from: 40, to: 80, unpacked: size)
            #expect(problem([first, second, stored], fileBytes: 80, limits) == .expands(limit: 170))
        }
    }

    @Test func aFileOfPyTorchIsHeldToTheLimits() throws {
        let source = ByteSource(try WeightFiles.bytes("PyTorch/deflated.bin"))
        let archive = try ZipArchive(source)
        let unpacked = archive.members.values.filter(\.isDeflated).reduce(0) { $0 + $1.size }
        let enough = ZipLimits(members: archive.members.count, expansion: 0, freeBytes: unpacked)
        _ = try ZipArchive(source, limits: enough)
        var limits = enough
        limits.freeBytes -= 1
        #expect(throws: ArchiveProblem.expands(limit: unpacked - 1)) { try ZipArchive(source, limits: limits) }
        limits = enough
        limits.members -= 1
        #expect(throws: ArchiveProblem.tooManyMembers(limit: limits.members)) { try ZipArchive(source, limits: limits) }
    }

    /// Numbers as the end record gives them, of a directory before byte 1000; an entry has 46 bytes or more.
    @Test(
        arguments: [
            (2, 92, 908, true), (2, 93, 908, false), (3, 92, 908, false), (0, 0, 1000, true), (0, 0, 1001, false),
            (.max, 92, 908, false), (1 << 63, 92, 908, false), (1, .max, 900, false), (1, 1 << 63, 1 << 63, false),
            (1, 46, .max, false),
        ] as [(count: UInt64, size: UInt64, offset: UInt64, isRight: Bool)]
    )
    func aDirectoryLiesBeforeItsEndAndHoldsItsEntries(count: UInt64, size: UInt64, offset: UInt64, isRight: Bool) {
        let directory = try? ZipArchive.directory(count: count, size: size, offset: offset, end: 1000)
        #expect((directory != nil) == isRight)
        if let directory {
            #expect(directory.count == Int(count) && directory.bytes == Int(offset)..<Int(offset + size))
        }
    }
}
