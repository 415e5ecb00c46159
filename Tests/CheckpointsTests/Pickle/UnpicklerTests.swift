import Foundation
import Testing

@testable import Checkpoints

private let start: [UInt8] = [0x80, 2]
private let stop = UInt8(ascii: ".")

private func read(
    _ instructions: [UInt8],
    _ limits: PickleLimits = PickleLimits()
) throws(PickleProblem) -> Pickle {
    try Unpickler.read(ByteSource(start + instructions + [stop]), limits: limits)
}

private func problem(_ instructions: [UInt8], _ limits: PickleLimits) -> PickleProblem? {
    do {
        _ = try read(instructions, limits)
        return nil
    } catch {
        return error
    }
}

private func times(_ count: Int, _ text: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count * text.count) { buffer, size in
        for index in 0..<count * text.count { buffer[index] = text[index % text.count] }
        size = count * text.count
    }
}

@Suite struct UnpicklerTests {
    @Test func theTableHoldsEveryInstructionOnce() {
        // As `pickletools.opcodes` of Python 3.11 has them.
        let codes: [UInt8] =
            Array("IJKMLSTUNVXFG]aelt)}dsu01(gjhqprcRboi.PQB2C".utf8.filter { $0 != UInt8(ascii: "-") })
            + [0x8A, 0x8B, 0x8E, 0x96, 0x97, 0x98, 0x88, 0x89, 0x8C, 0x8D, 0x85, 0x86, 0x87, 0x8F, 0x90, 0x91, 0x94]
            + [0x82, 0x83, 0x84, 0x93, 0x81, 0x92, 0x80, 0x95]
        #expect(Set(PickleOpcode.allCases.map(\.rawValue)) == Set(codes))
    }

    @Test(arguments: [
        ([0x8A, 0], 0), ([0x8A, 1, 0xFF], -1), ([0x8A, 2, 0x00, 0x80], -32768), ([0x8A, 2, 0xFF, 0], 255),
        ([0x8A, 8, 0, 0, 0, 0, 0, 0, 0, 0x80], Int.min), ([0x8B, 3, 0, 0, 0, 1, 2, 3], 0x030201),
        ([0x4A, 0xFE, 0xFF, 0xFF, 0xFF], -2), ([0x4B, 0xFF], 255), ([0x4D, 0xFF, 0xFF], 65535),
    ])
    func integersAreReadExactly(instructions: [UInt8], value: Int) throws {
        #expect(try read(instructions).root == .integer(value))
    }

    @Test func anIntegerOfMoreThan64BitsIsNoNumber() throws {
        guard case .long = try read([0x8A, 9, 1, 2, 3, 4, 5, 6, 7, 8, 0]).root else {
            Issue.record("it was read as another")
            return
        }
    }

    @Test(
        arguments: [
            (times(8, [0x4E]), .stackDepth), ([0x28, 0x4E] + times(6, [0x28]), .stackDepth),
            (times(8, [0x5D]), .stackDepth),
            ([0x28] + times(7, [0x4E]) + [0x74], .stackDepth), (times(4, [0x29, 0x94, 0x30]), .memoEntries),
            ([0x4E, 0x71, 3], .memoEntries), (times(5, [0x4E, 0x4E, 0x86, 0x30]), .elements),
            ([0x7D] + times(5, [0x4E, 0x4E, 0x73]), .elements), ([0x5D] + times(10, [0x4E, 0x61]), .elements),
            (times(1, [0x8C, 37] + times(37, [0x4E])), .bytes),
            ([0x63] + times(6, [0x61]) + [0x0A] + times(7, [0x62]) + [0x0A], .nameBytes),
        ] as [([UInt8], PickleLimits.Kind)]
    )
    func everyLimitHolds(instructions: [UInt8], kind: PickleLimits.Kind) throws {
        var limits = PickleLimits()
        limits.bytes = 42
        limits.stackDepth = 8
        limits.memoEntries = 4
        limits.elements = 10
        limits.nameBytes = 7
        if case .pastLimit(let passed, _) = problem(instructions, limits) { Issue.record("\(passed)") }
        switch kind {
        case .bytes: limits.bytes = 41
        case .stackDepth: limits.stackDepth = 7
        case .memoEntries: limits.memoEntries = 3
        case .elements: limits.elements = 9
        default: limits.nameBytes = 6
        }
        #expect(problem(instructions, limits) == .pastLimit(kind, limits[kind]))
    }

    /// Sizes that no 64-bit number with a sign holds: of BINUNICODE8, BINBYTES8, BYTEARRAY8 and FRAME.
    @Test(arguments: [UInt8(0x8D), 0x8E, 0x96, 0x95], [UInt64(1) << 63, .max])
    func lengthsPast63BitsAreRefused(opcode: UInt8, length: UInt64) {
        let instruction = [opcode] + (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        #expect(problem(instruction, PickleLimits()) == .endsEarly(at: 11))
    }

    /// A value that owned others would be given up by recursion, as deep as values nest.
    @Test func valuesOwnNothing() throws {
        #expect(_isPOD(PickleValue.self) && MemoryLayout<PickleValue>.size <= 16)
        // A list that holds itself, as Python pickles it.
        let pickle = try read([0x5D, 0x71, 0, 0x68, 0, 0x61])
        #expect(pickle.root == .list(0) && pickle.listElements.map(\.value) == [.list(0)])
    }

    /// Pairs of the pair before: six elements in three tuples, where copies would be fourteen.
    @Test func sharedValuesAreCountedOnce() throws {
        var limits = PickleLimits()
        limits.elements = 6
        let pairs: [UInt8] = [0x32, 0x86]
        #expect(throws: Never.self) { try read([0x4E] + times(3, pairs), limits) }
        #expect(problem([0x4E] + times(4, pairs), limits) == .pastLimit(.elements, 6))
    }

    /// In a process of its own, for what others hold would count.
    @Test func memoryStaysASmallMultipleOfThePickle() async {
        await #expect(processExitsWith: .success) {
            let size = 400_000
            let kinds: [(start: [UInt8], growing: [UInt8])] = [
                ([], [0x4E]), ([], [0x4E, 0x85]), ([0x4E], [0x94]), ([0x7D], [0x4E, 0x4E, 0x73]),
                ([0x5D], [0x4E, 0x61]),
            ]
            let pickles = kinds.map { $0.start + times(size / $0.growing.count, $0.growing) }
            let before = peakBytes()
            for pickle in pickles {
                _ = try? read(pickle)
                precondition(peakBytes() - before < 32 * size, "\(pickle.prefix(4)): \(peakBytes() - before) bytes")
            }
        }
    }
}

/// The most memory this process ever had.
private func peakBytes() -> Int {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return usage.ru_maxrss * 1024
}
