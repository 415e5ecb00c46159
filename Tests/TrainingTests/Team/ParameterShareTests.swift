import Testing

@testable import Training

/// Who keeps which parameters.
@Suite struct ParameterShareTests {
    private var layout: ParameterLayout {
        var layout = ParameterLayout()
        _ = layout.add("shared", [2, 3], .embedding, deviation: 1)
        for expert in 0..<3 {
            _ = layout.add("\(expert).wi", [4], .matrix, deviation: 1, expert: expert)
            _ = layout.add("\(expert).wo", [5], .matrix, deviation: 1, expert: expert)
        }
        _ = layout.add("norm", [7], .norm, deviation: 0)
        return layout
    }

    @Test func aProcessAloneKeepsEverything() {
        let share = ParameterShare(layout)
        #expect(share.common == [0..<6, 33..<40] && share.experts == [6..<33])
        #expect(share.kept == [0..<40])
    }

    @Test func expertsAreSharedOutAndTheRestIsEverywhere() {
        let shares = (0..<2).map { ParameterShare(layout, rank: $0, ranks: 2) }
        #expect(shares.map(\.experts) == [[6..<24], [24..<33]])
        #expect(shares.map(\.common) == [[0..<6, 33..<40], [0..<6, 33..<40]])
        #expect(shares[1].kept == [0..<6, 24..<40])
        #expect((0..<3).map { shares[0].owner(of: $0) } == [0, 0, 1])
        #expect(layout.parameters.map { shares[0].owner(of: $0) } == [0, 0, 0, 0, 0, 1, 1, 0])
    }

    @Test func whereThereAreMoreRanksThanExpertsSomeHaveNone() {
        let shares = (0..<5).map { ParameterShare(layout, rank: $0, ranks: 5) }
        #expect(shares.filter { $0.experts.isEmpty }.count == 2)
        #expect(shares.flatMap(\.experts).sorted { $0.lowerBound < $1.lowerBound } == [6..<15, 15..<24, 24..<33])
    }

    @Test func aModelWithoutExpertsIsEverywhere() {
        var dense = ParameterLayout()
        _ = dense.add("shared", [2, 3], .embedding, deviation: 1)
        let share = ParameterShare(dense, rank: 1, ranks: 2)
        #expect(share.kept == [0..<6] && share.experts.isEmpty)
    }

    @Test func tilesHaveSoManyElementsOfOneOrSeveralRuns() {
        #expect([0..<6, 33..<40].tiles(of: 5) == [[0..<5], [5..<6, 33..<37], [37..<40]])
        #expect([0..<5].tiles(of: 5) == [[0..<5]])
        #expect([3..<3].tiles(of: 5).isEmpty)
    }
}
