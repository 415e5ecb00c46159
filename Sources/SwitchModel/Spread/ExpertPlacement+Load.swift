extension ExpertPlacement {
    /// As many experts of each layer at every rank, give or take one, and as equal a load as that allows: the heaviest expert
    /// first, to the rank that has least to do.
    ///
    /// - Parameters:
    ///   - loads: tokens of each expert, by sparse layer; not negative.
    ///   - copies: experts of each layer that every rank has beside its share: the heaviest, each of which is then shared out
    ///     among the ranks that have it.
    package init(loads: [[Int]], ranks: Int, copies: Int = 0) {
        self.init(trusted: loads.map { Self.owners($0, ranks: ranks, copies: copies) })
    }

    private static func owners(_ loads: [Int], ranks: Int, copies: Int) -> [[Int]] {
        var owners: [[Int]] = Array(repeating: [], count: loads.count)
        let wanted = counts(loads, ranks: ranks, copies: copies)
        let places = wanted.reduce(0, +)
        var (work, taken) = (Array(repeating: 0.0, count: ranks), Array(repeating: 0, count: ranks))
        // So many ranks have one more than the others.
        var larger = places % ranks
        let least = places / ranks
        func share(_ expert: Int) -> Double { Double(loads[expert]) / Double(wanted[expert]) }
        // Those with most copies first, while there are enough ranks with room for them; of those the heaviest.
        let order = loads.indices.sorted { (wanted[$1], share($1), $0) < (wanted[$0], share($0), $1) }
        for expert in order {
            for _ in 0..<wanted[expert] {
                let free = (0..<ranks).filter { rank in
                    !owners[expert].contains(rank) && (taken[rank] < least || taken[rank] == least && larger > 0)
                }
                guard let rank = free.min(by: { (work[$0], taken[$0], $0) < (work[$1], taken[$1], $1) }) else { break }
                if taken[rank] == least { larger -= 1 }
                owners[expert].append(rank)
                taken[rank] += 1
                work[rank] += share(expert)
            }
        }
        return owners.map { $0.sorted() }
    }

    /// How many ranks each expert gets: one more and one more to the one that is heaviest at each of those it has.
    private static func counts(_ loads: [Int], ranks: Int, copies: Int) -> [Int] {
        var counts = Array(repeating: 1, count: loads.count)
        for _ in 0..<copies * ranks {
            let open = loads.indices.filter { counts[$0] < ranks && loads[$0] > 0 }
            func share(_ expert: Int) -> Double { Double(loads[expert]) / Double(counts[expert]) }
            guard let heaviest = open.max(by: { (share($0), $1) < (share($1), $0) }) else { break }
            counts[heaviest] += 1
        }
        return counts
    }
}
