import Ranks
import Testing

@Suite struct RankMessageTests {
    @Test func whatWasWrittenIsRead() throws {
        let message = RankMessage()
        message.append(7)
        message.append("Straße")
        message.append(bytes: 3) { $0.copyBytes(from: [1, 2, 3]) }
        var reader = RankMessageReader(message, from: 1)
        #expect(try reader.integer("number") == 7)
        #expect(try reader.text("text") == "Straße")
        #expect(try Array(reader.bytes(3, "bytes")) == [1, 2, 3])
        try reader.expectEnd()
    }

    /// Whatever is missing at the end is told, wherever the cut is.
    @Test func aCutMessageIsAnError() throws {
        let whole = RankMessage()
        whole.append(1)
        whole.append("text")
        for count in 0..<whole.count {
            let cut = RankMessage()
            cut.append(bytes: count) { $0.copyBytes(from: whole.bytes.prefix(count)) }
            #expect(throws: RanksError.self) {
                var reader = RankMessageReader(cut, from: 3)
                _ = try reader.integer("number")
                _ = try reader.text("text")
            }
        }
    }

    @Test func numbersOutOfBoundsAndBytesLeftOver() throws {
        let message = RankMessage()
        message.append(5)
        message.append(1)
        var reader = RankMessageReader(message, from: 2)
        #expect(throws: RanksError.malformed(rank: 2, reason: "expert is 5, expected below 5")) {
            try reader.integer(below: 5, "expert")
        }
        #expect(throws: RanksError.malformed(rank: 2, reason: "4 bytes more than expected")) {
            try reader.expectEnd()
        }
    }
}
