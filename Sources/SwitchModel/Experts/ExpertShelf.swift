import Tensors

/// The experts of one layer that are brought in when the router asks.
final class ExpertShelf {
    private unowned let memory: ExpertMemory
    private let layer: Int
    private let experts: [DenseFeedForward.Source]
    /// How often each was chosen, older passes counting less: what the next pass will probably ask for.
    private var popularity: [Float]
    /// The pass before which the file is not read ahead for an expert again.
    private var quietUntil: [Int]
    private var passes = 0

    private static let forgetting: Float = 0.95
    private static let readAhead = 4
    private static let quietPasses = 64

    init(memory: ExpertMemory, layer: Int, experts: [DenseFeedForward.Source]) {
        self.memory = memory
        self.layer = layer
        self.experts = experts
        popularity = Array(repeating: 0, count: experts.count)
        quietUntil = Array(repeating: 0, count: experts.count)
    }

    /// Runs `compute` for groups of segments until each has been computed once: first the experts that are here, while
    /// the system reads the others, then those, as many at a time as there is room for.
    func visit(
        _ segments: [ExpertOrder.Segment],
        on workers: Workers,
        _ compute: (_ group: [(segment: ExpertOrder.Segment, expert: DenseFeedForward)]) -> Void
    ) {
        count(segments)
        var present: [(segment: ExpertOrder.Segment, expert: DenseFeedForward)] = []
        var missing: [ExpertOrder.Segment] = []
        for segment in segments {
            if let expert = memory.expert(place(segment.expert)) {
                present.append((segment, expert))
            } else {
                experts[segment.expert].expect()
                missing.append(segment)
            }
        }
        memory.shelf(after: layer).readAhead()
        if !present.isEmpty { compute(present) }
        var group: [(segment: ExpertOrder.Segment, expert: DenseFeedForward)] = []
        for segment in missing {
            let expert = memory.bring(place(segment.expert), experts[segment.expert], on: workers)
            group.append((segment, expert))
            guard group.count == memory.capacity(expert) else { continue }
            compute(group)
            group.removeAll()
        }
        if !group.isEmpty { compute(group) }
    }

    private func place(_ expert: Int) -> ExpertMemory.Place { ExpertMemory.Place(layer: layer, expert: expert) }

    private func count(_ segments: [ExpertOrder.Segment]) {
        passes += 1
        for expert in popularity.indices { popularity[expert] *= Self.forgetting }
        for segment in segments { popularity[segment.expert] += Float(segment.rows.count) }
    }

    /// Lets the system read the files of the experts this layer will probably ask for and that are not here.
    private func readAhead() {
        var best: [Int] = []
        for expert in experts.indices where popularity[expert] > 0 && quietUntil[expert] <= passes {
            guard !memory.isHere(place(expert)) else { continue }
            let index = best.firstIndex { popularity[$0] < popularity[expert] } ?? best.count
            best.insert(expert, at: index)
            if best.count > Self.readAhead { best.removeLast() }
        }
        for expert in best {
            experts[expert].expect()
            quietUntil[expert] = passes + Self.quietPasses
        }
    }
}
