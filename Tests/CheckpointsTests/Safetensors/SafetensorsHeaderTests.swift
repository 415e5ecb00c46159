import Checkpoints
import Testing

private func parse(_ bytes: [UInt8]) throws(CheckpointError) -> SafetensorsHeader {
    try SafetensorsHeader(file: "f", byteCount: bytes.count) { Array(bytes[$0]) }
}

private func entry(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
    SafetensorsText.entry(name, type, shape, offsets)
}

/// The error for a header made of `members` before `dataBytes` bytes of data.
private func refusal(_ members: String, dataBytes: Int) -> CheckpointError? {
    do {
        _ = try parse(SafetensorsText.file("{\(members)}", dataBytes: dataBytes))
        return nil
    } catch {
        return error
    }
}

@Suite struct SafetensorsHeaderTests {
    private let good = SafetensorsText.file(
        #"{"__metadata__":{"format":"pt"},"#
            + entry("a", "F32", "[2,3]", "[0,24]") + ","
            + entry("b", "BF16", "[]", "[24,26]") + ","
            + entry("c", "I64", "[0,9223372036854775807]", "[26,26]") + "}   ",
        dataBytes: 26
    )

    @Test func readsTypesShapesRangesAndMetadata() throws {
        let header = try parse(good)
        let start = good.count - 26
        #expect(header.metadata == ["format": "pt"])
        #expect(header.entries.count == 3)
        #expect(header.entries["a"] == .init(type: .f32, shape: [2, 3], bytes: start..<start + 24))
        #expect(header.entries["b"] == .init(type: .bf16, shape: [], bytes: start + 24..<start + 26))
        #expect(header.entries["c"] == .init(type: .i64, shape: [0, Int.max], bytes: start + 26..<start + 26))
    }

    @Test func aFileCutAnywhereIsRefused() {
        for count in 0..<good.count {
            #expect(throws: CheckpointError.self, "cut to \(count) bytes") { try parse(Array(good[..<count])) }
        }
    }

    @Test func aCutFileIsCalledTruncated() {
        #expect(throws: CheckpointError.truncated(file: "f", expectedBytes: 8, foundBytes: 7)) {
            try parse(Array(good[..<7]))
        }
        let dataStart = good.count - 26
        #expect(throws: CheckpointError.truncated(file: "f", expectedBytes: dataStart, foundBytes: dataStart - 1)) {
            try parse(Array(good[..<(dataStart - 1)]))
        }
    }

    @Test func anyOneByteChangedIsReadOrRefusedButNeverTraps() {
        for index in good.indices {
            for bit in 0..<8 {
                var bytes = good
                bytes[index] ^= 1 << UInt8(bit)
                _ = try? parse(bytes)
            }
        }
    }

    @Test(arguments: [UInt64.max, 1 << 63, 1 << 32, 100_000_001])
    func aHeaderLengthPastTheLimitIsRefused(length: UInt64) {
        #expect(throws: CheckpointError.headerTooLong(file: "f", length: length, limit: 100_000_000)) {
            try parse(SafetensorsText.file("{}", dataBytes: 0, length: length))
        }
    }

    @Test func aHeaderLengthPastTheFileIsRefused() {
        #expect(throws: CheckpointError.truncated(file: "f", expectedBytes: 100_000_008, foundBytes: 10)) {
            try parse(SafetensorsText.file("{}", dataBytes: 0, length: 100_000_000))
        }
    }

    @Test func anEmptyHeaderIsAFileWithoutTensors() throws {
        #expect(try parse(SafetensorsText.file("{}", dataBytes: 0)).entries.isEmpty)
    }

    static let badEntries: [(String, EntryProblem)] = [
        (entry("t", "F32", "[2]", "[0,4]"), .lengthMismatch(shapeBytes: 8, rangeBytes: 4)),
        (entry("t", "F32", "[2]", "[0,12]"), .outsideFile(end: 12, dataBytes: 8)),
        (entry("t", "F32", "[2]", "[8,0]"), .reversedOffsets(begin: 8, end: 0)),
        (entry("t", "F32", "[2]", "[9223372036854775807,0]"), .reversedOffsets(begin: Int.max, end: 0)),
        (entry("t", "F32", "[2]", "[0,9223372036854775807]"), .outsideFile(end: Int.max, dataBytes: 8)),
        (entry("t", "F32", "[2]", "[-8,0]"), .badMember("data_offsets")),
        (entry("t", "F32", "[2]", "[0,9223372036854775808]"), .badMember("data_offsets")),
        (entry("t", "F32", "[2]", "[0,8.0]"), .badMember("data_offsets")),
        (entry("t", "F32", "[2]", "[0]"), .badMember("data_offsets")),
        (entry("t", "F32", "[2]", "[0,8,8]"), .badMember("data_offsets")),
        (entry("t", "F32", "[2]", "8"), .badMember("data_offsets")),
        (entry("t", "F32", "[-2]", "[0,8]"), .badMember("shape")),
        (entry("t", "F32", "[2.0]", "[0,8]"), .badMember("shape")),
        (entry("t", "F32", "[9223372036854775808]", "[0,8]"), .badMember("shape")),
        (entry("t", "F32", "[\"2\"]", "[0,8]"), .badMember("shape")),
        (entry("t", "F32", "2", "[0,8]"), .badMember("shape")),
        (entry("t", "F32", "[9223372036854775807]", "[0,8]"), .impossibleSize),
        (entry("t", "F32", "[4294967296,4294967296]", "[0,8]"), .impossibleSize),
        (entry("t", "F4", "[3]", "[0,8]"), .impossibleSize),
        (entry("t", "F33", "[2]", "[0,8]"), .unknownType("F33")),
        (entry("t", "f32", "[2]", "[0,8]"), .unknownType("f32")),
        (#""t":{"dtype":7,"shape":[2],"data_offsets":[0,8]}"#, .badMember("dtype")),
        (#""t":{"shape":[2],"data_offsets":[0,8]}"#, .badMember("dtype")),
        (#""t":{"dtype":"F32","data_offsets":[0,8]}"#, .badMember("shape")),
        (#""t":{"dtype":"F32","shape":[2]}"#, .badMember("data_offsets")),
        (#""t":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}"#, .unknownMember("x")),
        (#""t":null"#, .badMember("dtype")),
        (#""t":[]"#, .badMember("dtype")),
        (entry("t", "F32", "[1]", "[4,8]"), .gap(begin: 4, expected: 0)),
        (entry("a", "F32", "[2]", "[0,8]") + "," + entry("t", "F32", "[1]", "[4,8]"), .overlaps(tensor: "a")),
        (entry("a", "F32", "[2]", "[0,8]") + "," + entry("t", "F32", "[2]", "[0,8]"), .overlaps(tensor: "a")),
        (entry("a", "F32", "[2]", "[0,8]") + "," + entry("t", "F32", "[0]", "[4,4]"), .overlaps(tensor: "a")),
    ]

    @Test(arguments: badEntries)
    func aBadEntryIsNamed(members: String, problem: EntryProblem) {
        #expect(
            refusal(members, dataBytes: 8) == .malformedEntry(file: "f", tensor: "t", problem: problem)
        )
    }

    @Test func bytesThatBelongToNoTensorAreRefused() {
        let members = entry("t", "F32", "[1]", "[0,4]")
        #expect(refusal(members, dataBytes: 5) == .trailingBytes(file: "f", expectedBytes: 4, foundBytes: 5))
    }

    @Test(arguments: [
        "", "[]", " {}", "{", "nul", "{}{}", "{\"a\"", #"{"t":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}"#,
        #"{"t":Infinity}"#, #"{"__metadata__":[]}"#, #"{"__metadata__":{"a":1}}"#, #"{"__metadata__":null}"#,
        #"{"t":1,"t":1}"#, #"{"__metadata__":{},"__metadata__":{}}"#, #"{"a":01}"#, #"{"a":"\ud800"}"#,
        "{\"a\":\"\n\"}",
        #"{"a":"# + String(repeating: "[", count: 16) + String(repeating: "]", count: 16) + "}",
        String(repeating: #"{"a":"#, count: 17) + "1" + String(repeating: "}", count: 17),
    ])
    func aHeaderThatIsNotStrictJSONIsRefused(header: String) {
        let error = #expect(throws: CheckpointError.self) { try parse(SafetensorsText.file(header, dataBytes: 0)) }
        guard case .malformedJSON("f", _) = error else {
            Issue.record("refused as \(String(describing: error))")
            return
        }
    }

    @Test func aHeaderThatIsNotUTF8IsRefused() {
        var bytes = SafetensorsText.file(#"{"tt":1}"#, dataBytes: 0)
        bytes[10] = 0xFF
        #expect(throws: CheckpointError.malformedJSON(file: "f", reason: "text is not UTF-8 at byte 5")) {
            try parse(bytes)
        }
    }

    @Test func refusalsAreSentencesThatNameFileAndTensor() {
        let error = refusal(entry("t\n", "F32", "[2]", "[0,4]").replacing("\n", with: "\\n"), dataBytes: 4)
        #expect(
            error?.description
                == "tensor 't\u{FFFD}' in 'f' needs 8 bytes by its shape and type, but is given 4"
        )
    }
}
