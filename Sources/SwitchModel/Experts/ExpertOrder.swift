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

    /// Choices of one expert that are to be computed beside others.
    struct Part: Equatable {
        enum Source: Equatable {
            /// A range of the `places` of an order.
            case places(Range<Int>)
            /// Rows of the pass, of which the first choice is meant.
            case rows(Range<Int>)
        }

        var expert: Int
        var source: Source

        init(expert: Int, _ source: Source) { (self.expert, self.source) = (expert, source) }

        /// How many choices it has.
        var count: Int {
            switch source {
            case .places(let range), .rows(let range): range.count
            }
        }
    }

    /// Replaces what is there by `parts`, those of one expert as one run, in the order given.
    ///
    /// - Parameters:
    ///   - order: whose places are meant, and of whose rows each has as many.
    ///   - experts: of the layer.
    mutating func fill(_ parts: [Part], of order: ExpertOrder, experts: Int) {
        begin(experts: experts, choices: order.choices)
        for part in parts { ends[part.expert] += part.count }
        makeRoom()
        for part in parts {
            switch part.source {
            case .places(let range): for place in order.places[range] { put(place, part.expert) }
            case .rows(let range): for row in range { put(Int32(row) * choices, part.expert) }
            }
        }
    }

    /// Replaces what is there by the places of a plan that are not dropped.
    ///
    /// Asks for memory only where the plan is larger than any before it.
    package mutating func fill(_ plan: RoutingPlan) {
        begin(experts: plan.expertCount, choices: Int32(plan.choices))
        for place in plan.experts.indices where !plan.isDropped[place] { ends[Int(plan.experts[place])] += 1 }
        makeRoom()
        for place in plan.experts.indices where !plan.isDropped[place] { put(Int32(place), Int(plan.experts[place])) }
    }

    private mutating func begin(experts: Int, choices: Int32) {
        places.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        self.choices = choices
        for _ in 0..<experts { ends.append(0) }
    }

    /// Makes of how many choices each expert has where its run ends so far.
    private mutating func makeRoom() {
        var start = 0
        for expert in ends.indices {
            let count = ends[expert]
            if count > 0 { segments.append(Segment(expert: expert, rows: start..<start + count)) }
            ends[expert] = start
            start += count
        }
        for _ in 0..<start { places.append(0) }
        segments.sort { $0.rows.count != $1.rows.count ? $0.rows.count > $1.rows.count : $0.expert < $1.expert }
    }

    private mutating func put(_ place: Int32, _ expert: Int) {
        places[ends[expert]] = place
        ends[expert] += 1
    }
}
