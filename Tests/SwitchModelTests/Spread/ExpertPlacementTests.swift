import SwitchModel
import Testing

@Suite struct ExpertPlacementTests {
    @Test(arguments: [(8, 2), (8, 3), (3, 4), (128, 7)])
    func anEvenOneGivesEachRankItsShare(experts: Int, ranks: Int) {
        let placement = ExpertPlacement(layers: 2, experts: experts, ranks: ranks)
        for layer in placement.owners {
            let counts = (0..<ranks).map { rank in layer.count { $0 == [rank] } }
            #expect(layer.count == experts && layer.map(\.[0]) == layer.map(\.[0]).sorted())
            #expect(counts.max()! - counts.min()! <= 1)
        }
        let shares = (0..<ranks).reduce(0) { $0 + placement.share(of: $1) }
        #expect(abs(shares - 1) < 1e-9)
    }

    @Test func oneThatFitsIsTaken() throws {
        let owners = [[[0], [1], [1]], [[1], [0, 1], [0]]]
        let placement = try ExpertPlacement(owners: owners, layers: 2, experts: 3, ranks: 2)
        #expect(placement.owners == owners)
        #expect(placement.share(of: 0) == 0.5 && placement.share(of: 1) == 4.0 / 6)
        #expect(placement.summary == "0 1 1, 1 0+1 0")
    }

    @Test func whatDoesNotFitIsNamed() {
        #expect(throws: ExpertPlacementError.layers(found: 1, expected: 2)) {
            try ExpertPlacement(owners: [[[0]]], layers: 2, experts: 1, ranks: 2)
        }
        #expect(throws: ExpertPlacementError.experts(layer: 1, found: 1, expected: 2)) {
            try ExpertPlacement(owners: [[[0], [1]], [[0]]], layers: 2, experts: 2, ranks: 2)
        }
        #expect(throws: ExpertPlacementError.nowhere(layer: 0, expert: 1)) {
            try ExpertPlacement(owners: [[[0], []]], layers: 1, experts: 2, ranks: 2)
        }
        #expect(throws: ExpertPlacementError.twice(layer: 0, expert: 0)) {
            try ExpertPlacement(owners: [[[1, 1], [0]]], layers: 1, experts: 2, ranks: 2)
        }
        for rank in [-1, 2] {
            #expect(throws: ExpertPlacementError.rank(layer: 0, expert: 1, rank: rank, ranks: 2)) {
                try ExpertPlacement(owners: [[[0], [rank]]], layers: 1, experts: 2, ranks: 2)
            }
        }
    }
}

@Suite struct PlacementByLoadTests {
    private func work(_ loads: [Int], _ owners: [[Int]], ranks: Int) -> [Int] {
        (0..<ranks).map { rank in zip(loads, owners).reduce(0) { $0 + ($1.1.contains(rank) ? $1.0 / $1.1.count : 0) } }
    }

    @Test func neighboursThatAreHeavyArePartedAndCountsStayEven() {
        let loads = [100, 90, 80, 70, 4, 3, 2, 1]
        let placement = ExpertPlacement(loads: [loads, loads.reversed()], ranks: 2)
        for (layer, owners) in placement.owners.enumerated() {
            let work = work(layer == 0 ? loads : loads.reversed(), owners, ranks: 2)
            #expect(owners.count { $0 == [0] } == 4)
            #expect(abs(work[0] - work[1]) <= 2)
        }
    }

    @Test(arguments: [(1, 1), (3, 4), (8, 3), (128, 7)])
    func whateverTheLoadEachRankHasItsShare(experts: Int, ranks: Int) {
        for loads in [Array(repeating: 0, count: experts), (0..<experts).map { $0 * $0 }] {
            let owners = ExpertPlacement(loads: [loads], ranks: ranks).owners[0]
            let counts = (0..<ranks).map { rank in owners.count { $0 == [rank] } }
            #expect(counts.reduce(0, +) == experts && counts.max()! - counts.min()! <= 1)
        }
    }

    @Test func loadsBeyondAllNumbersAreTaken() {
        let owners = ExpertPlacement(loads: [[.max, .max, .max, 1]], ranks: 2).owners[0]
        #expect(owners.count { $0 == [0] } == 2)
    }

    @Test func copiesGoToTheHeaviestAndHalveTheirLoad() {
        let loads = [900, 100, 10, 10, 10, 10, 10, 10]
        let owners = ExpertPlacement(loads: [loads], ranks: 4, copies: 1).owners[0]
        #expect(owners[0] == [0, 1, 2, 3] && owners[1].count == 2)
        let counts = (0..<4).map { rank in owners.count { $0.contains(rank) } }
        #expect(counts == [3, 3, 3, 3])
        #expect((work(loads, owners, ranks: 4).max() ?? 0) < 320)
        // More than there are ranks for.
        let all = ExpertPlacement(loads: [[3, 0]], ranks: 2, copies: 7).owners[0]
        #expect(all[0] == [0, 1] && all[1].count == 1)
    }
}
