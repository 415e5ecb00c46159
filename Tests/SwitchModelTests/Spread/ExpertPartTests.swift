import Testing

@testable import SwitchModel

@Suite struct ExpertPartTests {
    /// Two choices for each of four rows; expert 2 has five of them, expert 0 two, expert 1 one.
    private var order: ExpertOrder {
        var empty = ExpertOrder()
        empty.fill([], of: ExpertOrder(), experts: 3)
        var order = ExpertOrder()
        order.fill(
            [
                ExpertOrder.Part(expert: 2, .rows(0..<5)), ExpertOrder.Part(expert: 0, .rows(5..<7)),
                ExpertOrder.Part(expert: 1, .rows(7..<8)),
            ],
            of: empty,
            experts: 3
        )
        return order
    }

    private func parts(_ owners: [[Int]], for rank: Int) throws -> [ExpertPart] {
        let placement = try ExpertPlacement(owners: [owners], layers: 1, experts: 3, ranks: 4)
        var parts = [ExpertPart(rank: 9, expert: 9, rows: 0..<9)]
        placement.divide(order, 0, for: rank, into: &parts)
        return parts
    }

    @Test func whatIsHereStaysHere() throws {
        let parts = try parts([[0, 1], [2], [3, 1]], for: 1)
        #expect(parts.of(1).map(\.expert) == [0, 2])
        #expect(parts.of(2).map(\.expert) == [1])
        #expect(parts.of(0).isEmpty && parts.of(3).isEmpty && parts.count == 3)
    }

    @Test func whatSeveralOthersHaveIsSharedOut() throws {
        let parts = try parts([[0, 1], [1, 2], [1, 2, 3]], for: 0)
        #expect(parts.filter { $0.expert == 2 }.map(\.rows.count) == [1, 2, 2])
        // One row for two ranks: one of them has none.
        #expect(parts.filter { $0.expert == 1 }.map(\.rows.count) == [1])
        for expert in 0..<3 {
            let rows = parts.filter { $0.expert == expert }.map(\.rows)
            let all = order.segments.first { $0.expert == expert }!.rows
            #expect(rows.first?.lowerBound == all.lowerBound && rows.last?.upperBound == all.upperBound)
            #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        }
        #expect(parts.map(\.rank) == parts.map(\.rank).sorted())
    }

    /// Rows of several ranks for one expert lie together, each at its place.
    @Test func partsOfOneExpertAreOneRun() {
        let own = order
        var merged = ExpertOrder()
        merged.fill(
            [
                ExpertOrder.Part(expert: 1, .rows(8..<10)),
                ExpertOrder.Part(expert: 2, .places(own.segments[0].rows)),
                ExpertOrder.Part(expert: 1, .places(own.segments[2].rows)),
            ],
            of: own,
            experts: 3
        )
        #expect(merged.segments.map(\.expert) == [2, 1])
        #expect(Array(merged.places[merged.segments[0].rows]) == Array(own.places[own.segments[0].rows]))
        #expect(Array(merged.places[merged.segments[1].rows]) == [8, 9, own.places[own.segments[2].rows.lowerBound]])
    }
}
