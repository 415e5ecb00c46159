/// Choices of one expert that one rank computes.
struct ExpertPart: Equatable {
    var rank: Int
    var expert: Int
    /// A range of the places of an order.
    var rows: Range<Int>
}

extension ExpertPlacement {
    /// Sets `parts` to who computes what of an order, rank by rank: an expert's choices at home where it is here too, else
    /// shared out evenly among the ranks that have it.
    ///
    /// - Parameter rank: whose order it is.
    func divide(_ order: ExpertOrder, _ layer: Int, for rank: Int, into parts: inout [ExpertPart]) {
        parts.removeAll(keepingCapacity: true)
        for segment in order.segments {
            let owners = self.owners[layer][segment.expert]
            if owners.contains(rank) {
                parts.append(ExpertPart(rank: rank, expert: segment.expert, rows: segment.rows))
                continue
            }
            let (start, count) = (segment.rows.lowerBound, segment.rows.count)
            for (index, owner) in owners.enumerated() {
                let rows = start + index * count / owners.count..<start + (index + 1) * count / owners.count
                if !rows.isEmpty { parts.append(ExpertPart(rank: owner, expert: segment.expert, rows: rows)) }
            }
        }
        parts.sort { ($0.rank, $0.rows.lowerBound) < ($1.rank, $1.rows.lowerBound) }
    }
}

extension [ExpertPart] {
    /// Those of one rank, of parts that lie rank by rank.
    func of(_ rank: Int) -> ArraySlice<ExpertPart> {
        guard let first = firstIndex(where: { $0.rank == rank }), let last = lastIndex(where: { $0.rank == rank })
        else { return [] }
        return self[first...last]
    }
}
