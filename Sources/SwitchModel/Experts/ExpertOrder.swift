/// The choices of a plan that are computed, sorted by expert.
///
/// Kept from pass to pass, so that sorting asks for no memory.
package struct ExpertOrder {
    /// The run of sorted choices that one expert computes.
    package struct Segment: Equatable, Sendable {
        /// Index in the layer.
        package var expert: Int
        /// A range of `places`.
        package var rows: Range<Int>

        package init(expert: Int, rows: Range<Int>) {
            self.expert = expert
            self.rows = rows
        }
    }

    /// Places in the plan; within an expert they keep their order.
    package private(set) var places: [Int32] = []
    /// How many places a row has.
    package private(set) var choices: Int32 = 1
    /// Of the experts that were chosen, those with most rows first.
    package private(set) var segments: [Segment] = []
    private var ends: [Int] = []

    package init() {}

    /// Replaces what is there by runs that lie end to end from row 0 on, one choice a row.
    package mutating func fill(_ runs: [Segment]) {
        places.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        choices = 1
        segments.append(contentsOf: runs)
        for row in 0..<Int32(runs.last?.rows.upperBound ?? 0) { places.append(row) }
    }

    /// Replaces what is there by the places of a plan that are not dropped.
    ///
    /// Asks for memory only where the plan is larger than any before it.
    package mutating func fill(_ plan: RoutingPlan) {
        places.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        choices = Int32(plan.choices)
        for _ in 0..<plan.expertCount { ends.append(0) }
        for place in plan.experts.indices where !plan.isDropped[place] { ends[Int(plan.experts[place])] += 1 }
        var start = 0
        for expert in 0..<plan.expertCount {
            let count = ends[expert]
            if count > 0 { segments.append(Segment(expert: expert, rows: start..<start + count)) }
            ends[expert] = start
            start += count
        }
        for _ in 0..<start { places.append(0) }
        for place in plan.experts.indices where !plan.isDropped[place] {
            places[ends[Int(plan.experts[place])]] = Int32(place)
            ends[Int(plan.experts[place])] += 1
        }
        segments.sort { $0.rows.count != $1.rows.count ? $0.rows.count > $1.rows.count : $0.expert < $1.expert }
    }
}
