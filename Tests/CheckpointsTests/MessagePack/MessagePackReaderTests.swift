import Testing

@testable import Checkpoints

/// Bytes as msgpack.org's specification has them.
@Suite struct MessagePackReaderTests {
    private func read(_ bytes: [UInt8]) throws(MessagePackProblem) -> MessagePackValue {
        try MessagePackReader.read(ByteSource(bytes))
    }

    private func text(_ bytes: [UInt8]) -> String { (try? read(bytes)).map { "\($0)" } ?? "refused" }

    @Test(
        arguments: [
            ([0x07], "integer(7)"), ([0xFF], "integer(-1)"), ([0xC0], "null"), ([0xC3], "bool(true)"),
            ([0xCC, 200], "integer(200)"), ([0xCD, 1, 0], "integer(256)"), ([0xCE, 0, 1, 0, 0], "integer(65536)"),
            ([0xCF, 0xFF, 0, 0, 0, 0, 0, 0, 1], "large(18374686479671623681)"),
            ([0xD0, 0x80], "integer(-128)"), ([0xD1, 0xFF, 0], "integer(-256)"),
            ([0xD2, 0xFF, 0xFF, 0, 0], "integer(-65536)"),
            ([0xD3, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], "integer(-4294967296)"),
            ([0xCA, 0x3F, 0xC0, 0, 0], "real(1.5)"), ([0xCB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0], "real(1.5)"),
            ([0xA2, 0x68, 0x69], "string(\"hi\")"), ([0xD9, 1, 0x68], "string(\"h\")"),
            ([0xDA, 0, 1, 0x68], "string(\"h\")"),
            ([0xDB, 0, 0, 0, 1, 0x68], "string(\"h\")"),
        ] as [([UInt8], String)]
    )
    func valuesAreRead(bytes: [UInt8], expected: String) { #expect(text(bytes).hasSuffix(expected)) }

    @Test func listsMapsAndBytesAreRead() throws {
        guard case .map(let map) = try read([0x82, 0xA1, 0x61, 0x92, 1, 2, 0xA1, 0x62, 0xC7, 2, 1, 9, 8]),
            case .array(let list) = map["a"], case .extended(1, let bytes) = map["b"]
        else { throw MessagePackProblem.trailing(at: 0) }
        #expect(list.count == 2 && bytes.bytes(in: 0..<2) == [9, 8])
        for start in [[0xDC, 0, 1], [0xDD, 0, 0, 0, 1]] as [[UInt8]] {
            #expect(text(start + [3]).contains("integer(3)"))
        }
        for start in [[0xDE, 0, 1], [0xDF, 0, 0, 0, 1]] as [[UInt8]] {
            #expect(text(start + [0xA1, 0x61, 3]).contains("integer(3)"))
        }
    }

    @Test func everyCutIsRefused() throws {
        let whole: [UInt8] = [0x82, 0xA1, 0x61, 0x92, 1, 0xCD, 1, 2, 0xA1, 0x62, 0xC7, 2, 1, 9, 8]
        _ = try read(whole)
        for count in 0..<whole.count { #expect(throws: MessagePackProblem.self) { try read(Array(whole[..<count])) } }
        #expect(throws: MessagePackProblem.trailing(at: whole.count)) { try read(whole + [0]) }
    }

    @Test func whatIsNoValueOrTooMuchIsRefused() {
        #expect(throws: MessagePackProblem.unknownByte(0xC1, at: 0)) { try read([0xC1]) }
        #expect(throws: MessagePackProblem.repeatedName("a")) { try read([0x82, 0xA1, 0x61, 1, 0xA1, 0x61, 2]) }
        #expect(throws: MessagePackProblem.nameIsNotText(at: 1)) { try read([0x81, 1, 1]) }
        #expect(throws: MessagePackProblem.notText(at: 1)) { try read([0xA1, 0xFF]) }
        let limit = MessagePackLimits.depth
        #expect(text(Array(repeating: 0x91, count: limit) + [1]) != "refused")
        #expect(throws: MessagePackProblem.tooDeep(limit: limit)) {
            try read(Array(repeating: 0x91, count: limit + 1) + [1])
        }
        let many = MessagePackLimits.values
        let list: [UInt8] = [0xDD] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: many >> (8 * $0)) }
        #expect(throws: MessagePackProblem.tooMany(limit: many)) { try read(list + [UInt8](repeating: 1, count: many)) }
    }
}
