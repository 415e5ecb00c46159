/// The rows of a plan that are computed, sorted by expert.
///
/// Kept from pass to pass, so that sorting asks for no memory.
package struct ExpertOrder {
    /// The run of sorted rows that one expert computes.
    package struct Segment: Equatable, Sendable {
        package var expert: Int
        package var rows: Range<Int>

        package init(expert: Int, rows: Range<Int>) {
            self.expert = expert
            self.rows = rows
        }
    }

    /// Within an expert rows keep their order.
    package private(set) var rows: [Int32] = []
    /// Of the experts that were chosen, those with most rows first.
    package private(set) var segments: [Segment] = []
    private var ends: [Int] = []

    package init() {}

    package mutating func fill(_ plan: RoutingPlan) {
        rows.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        for _ in 0..<plan.expertCount { ends.append(0) }
        for row in plan.experts.indices where !plan.isDropped[row] { ends[Int(plan.experts[row])] += 1 }
        var start = 0
        for expert in 0..<plan.expertCount {
            let count = ends[expert]
            if count > 0 { segments.append(Segment(expert: expert, rows: start..<start + count)) }
            ends[expert] = start
            start += count
        }
        for _ in 0..<start { rows.append(0) }
        for row in plan.experts.indices where !plan.isDropped[row] {
            rows[ends[Int(plan.experts[row])]] = Int32(row)
            ends[Int(plan.experts[row])] += 1
        }
        segments.sort { $0.rows.count != $1.rows.count ? $0.rows.count > $1.rows.count : $0.expert < $1.expert }
    }
}
