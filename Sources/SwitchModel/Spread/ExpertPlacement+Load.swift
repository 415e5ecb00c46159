extension ExpertPlacement {
    /// As many experts of each layer at every rank, give or take one, and as equal a load as that allows: the heaviest expert
    /// first, to the rank that has least to do.
    ///
    /// - Parameter loads: tokens of each expert, by sparse layer; not negative.
    package init(loads: [[Int]], ranks: Int) {
        self.init(trusted: loads.map { Self.owners($0, ranks: ranks) })
    }

    private static func owners(_ loads: [Int], ranks: Int) -> [Int] {
        var owners = Array(repeating: 0, count: loads.count)
        var (work, counts) = (Array(repeating: 0, count: ranks), Array(repeating: 0, count: ranks))
        // So many ranks have one more than the others.
        var larger = loads.count % ranks
        let least = loads.count / ranks
        for expert in loads.indices.sorted(by: { (loads[$1], $0) < (loads[$0], $1) }) {
            let free = (0..<ranks).filter { counts[$0] < least || counts[$0] == least && larger > 0 }
            guard let rank = free.min(by: { (work[$0], counts[$0], $0) < (work[$1], counts[$1], $1) }) else { break }
            if counts[rank] == least { larger -= 1 }
            owners[expert] = rank
            counts[rank] += 1
            let (sum, isTooLarge) = work[rank].addingReportingOverflow(loads[expert])
            work[rank] = isTooLarge ? .max : sum
        }
        return owners
    }
}
