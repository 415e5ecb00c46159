import Ranks
import Tensors
import Testing

@testable import Training

/// Calls for experts on their way, and those that are none.
@Suite struct ExpertCallTests {
    private let bounds = ExpertCall.Bounds(experts: 3, columns: 2)
    private let arena = FloatArena()
    /// Of two lanes.
    private let arenas = [FloatArena(), FloatArena()]

    private func rows(_ elements: [Float]) -> FloatRows {
        let rows = arena.rows(elements.count / 2, 2)
        rows.store(elements)
        return rows
    }

    private func read(
        _ message: RankMessage,
        _ due: (way: ExpertCall.Way, layer: Int) = (.forward, 1)
    ) throws(RanksError) -> [[ExpertCall.Run]] {
        var reader = RankMessageReader(message, from: 7)
        let lanes = try ExpertCall.read(&reader, from: 7, due, bounds, into: arenas)
        try reader.expectEnd()
        return lanes
    }

    private func message(_ fields: Int...) -> RankMessage {
        let message = RankMessage()
        for field in fields { message.append(field) }
        return message
    }

    @Test func aCallIsReadAsItWasWritten() throws {
        let message = RankMessage()
        let lanes = [
            [
                ExpertCall.Run(expert: 2, key: .max, rows: rows([1, 2, 3, 4])),
                ExpertCall.Run(expert: 0, key: 1 << 40, rows: rows([5, 6])),
            ], [],
        ]
        ExpertCall.write(.forward, 1, lanes, to: message)
        let found = try read(message)
        #expect(found.map { $0.map(\.expert) } == [[2, 0], []])
        #expect(found[0].map(\.key) == [.max, 1 << 40])
        #expect(found[0].map { $0.rows.elements } == [[1, 2, 3, 4], [5, 6]])
    }

    @Test func anotherLayerOrWayIsRefused() {
        let message = RankMessage()
        ExpertCall.write(.back, 1, [[], []], to: message)
        let reason = "it is of layer 1, way 1, but layer 1, way 0 is due"
        #expect(throws: RanksError.malformed(rank: 7, reason: reason)) { try read(message) }
        #expect(throws: RanksError.self) { try read(message, (.back, 0)) }
    }

    @Test func anExpertThatIsNoneIsRefused() {
        let reason = "expert is 3, expected below 3"
        let error = RanksError.malformed(rank: 7, reason: reason)
        #expect(throws: error) { try read(message(0, 1, 1, 3, 1, 0, 0, 0)) }
    }

    @Test func moreRowsThanCameAreRefusedBeforeThereIsRoomForThem() {
        let reason = "number of rows is 1000000, expected below 2"
        let error = RanksError.malformed(rank: 7, reason: reason)
        #expect(throws: error) { try read(message(0, 1, 1, 0, 1_000_000, 0, 0)) }
        #expect(throws: RanksError.malformed(rank: 7, reason: "it ends within rows")) {
            try read(message(0, 1, 1, 0, 1, 0, 0, 0, 9))
        }
    }
}
