import Checkpoints
import Tensors

/// Runs a routing plan: rows sorted by expert, one parallel region per product over all experts, results scattered back.
///
/// An expert nobody chose costs nothing. The experts with most rows start first, and each is cut into panels, so one
/// expert with all the rows still keeps every thread busy. Experts that are not all in memory come in groups.
struct ExpertScheduler {
    private enum Experts {
        /// By number; nil for one that another rank has.
        case resident([DenseFeedForward?])
        case shelved(ExpertShelf)
    }

    private let experts: Experts
    /// Which of them other ranks have; nil where none do.
    private let spread: SpreadLayer?

    /// - Parameters:
    ///   - weights: the scope of the experts, `….mlp.experts`.
    ///   - inputs: what reached the layer, to round weights for.
    init(
        _ weights: WeightScope,
        _ context: LoadingContext,
        roundedFor inputs: LayerInputs? = nil
    ) throws(CheckpointError) {
        var sources: [DenseFeedForward.Source] = []
        for index in 0..<context.configuration.experts {
            sources.append(try DenseFeedForward.Source(weights["expert_\(index)"], context))
        }
        spread = context.spread?.addLayer()
        if let memory = context.expertMemory {
            experts = .shelved(memory.add(sources))
            return
        }
        var resident: [DenseFeedForward?] = []
        let sample = inputs?.sample
        for (index, source) in sources.enumerated() {
            guard spread?.isHere(index) ?? true else {
                context.loaded(source.parameters)
                resident.append(nil)
                continue
            }
            let own = inputs?.own(index)
            let expert = try source.load(context, roundedFor: own.flatMap { own in sample.map { (own, $0) } })
            if context.writer == nil, context.survey == nil { resident.append(expert) }
        }
        experts = .resident(resident)
    }

    /// Adds `gate · expert(workspace.input)` to the rows of `hidden` for every choice the plan does not drop; both
    /// `[rows, model]`.
    func run(_ plan: RoutingPlan, addingTo hidden: Matrix, _ workspace: Workspace) {
        workspace.expertOrder.fill(plan)
        guard !workspace.expertOrder.segments.isEmpty else { return }
        guard plan.choices > 1 else {
            visit(plan, addingTo: hidden, workspace)
            return
        }
        // Experts that run at the same time may have a row in common. So each choice first has a row of its own, and these
        // are added in the order of the choices, whichever expert was there first.
        let outputs = workspace.choiceOutput
        outputs.resize(rows: plan.experts.count, columns: hidden.columns)
        outputs.clear()
        visit(plan, addingTo: outputs, workspace)
        hidden.addRuns(of: outputs, on: workspace.workers)
    }

    /// Whether an expert is not at another rank.
    func isHere(_ expert: Int) -> Bool { spread?.isHere(expert) ?? true }

    /// Sets the rows of `outputs`, `[rows, model]`, to what the experts make of those of `workspace.input`, which lie in the
    /// runs of `workspace.expertOrder`.
    func run(into outputs: Matrix, _ workspace: Workspace) {
        visit(workspace.expertOrder.segments, workspace, .rows(of: outputs))
    }

    /// Adds what becomes of each choice to the row of `target` at its place.
    private func visit(_ plan: RoutingPlan, addingTo target: Matrix, _ workspace: Workspace) {
        let destination = Destination.sum(target, gates: plan.gates)
        guard let spread else { return visit(workspace.expertOrder.segments, workspace, destination) }
        spread.dispatch(workspace.expertOrder, workspace.input)
        visit(spread.ownSegments(workspace.expertOrder), workspace, destination)
        spread.collect(into: workspace.expertOutput, columns: target.columns) { places, outputs in
            destination.take(outputs, at: places, on: workspace.workers)
        }
    }

    /// Computes the choices of `segments`, one group after the other.
    private func visit(
        _ segments: [ExpertOrder.Segment],
        _ workspace: Workspace,
        _ destination: Destination
    ) {
        let order = workspace.expertOrder
        switch experts {
        case .resident(let experts):
            workspace.expertGroup.removeAll()
            for segment in segments {
                guard let expert = experts[segment.expert] else { continue }
                workspace.expertGroup.append(order, segment, expert)
            }
            compute(workspace, destination)
        case .shelved(let shelf):
            shelf.visit(segments, on: workspace.workers) { group in
                workspace.expertGroup.removeAll()
                for (segment, expert) in group { workspace.expertGroup.append(order, segment, expert) }
                compute(workspace, destination)
            }
        }
    }

    /// Computes the choices of `workspace.expertGroup`.
    private func compute(_ workspace: Workspace, _ destination: Destination) {
        let group = workspace.expertGroup
        guard let first = group.members.first?.expert else { return }
        workspace.expertInput.gather(group.rows, from: workspace.input, on: workspace.workers)
        workspace.expertInner.resize(rows: group.rows.count, columns: first.inner.outputs)
        workspace.expertOutput.resize(rows: group.rows.count, columns: first.output.outputs)
        run(group, workspace) { expert, rows in
            Product(expert.inner, workspace.expertInput, rows: rows, into: workspace.expertInner, expert.innerEpilogue)
        }
        spread?.progress()
        first.activate(workspace.expertInner, into: workspace.expertInput, on: workspace.workers)
        run(group, workspace) { expert, rows in
            Product(expert.output, workspace.expertInput, rows: rows, into: workspace.expertOutput)
        }
        destination.take(workspace.expertOutput, at: group.places, on: workspace.workers)
    }

    /// One region over a product of every expert of a group.
    private func run(
        _ group: ExpertGroup,
        _ workspace: Workspace,
        _ product: (_ expert: DenseFeedForward, _ rows: Range<Int>) -> Product
    ) {
        workspace.products.removeAll()
        for member in group.members { workspace.products.append(product(member.expert, member.rows)) }
        workspace.workers.run(workspace.products)
    }
}

/// Where outputs of experts go.
private enum Destination {
    /// Each is added to the row at its place, times its gate.
    case sum(Matrix, gates: [Float])
    /// Each becomes the row at its place.
    case rows(of: Matrix)

    func take(_ outputs: Matrix, at places: [Int32], on workers: Workers) {
        switch self {
        case .sum(let target, let gates): target.scatterAdd(outputs, at: places, scales: gates, on: workers)
        case .rows(let target): target.set(outputs, at: places)
        }
    }
}

/// Experts that run together and the choices they compute, end to end.
///
/// Kept from pass to pass, so that it asks for no memory.
struct ExpertGroup {
    /// Places in the plan, and the rows of the pass they belong to.
    private(set) var places: [Int32] = []
    private(set) var rows: [Int32] = []
    /// Each with its part of them.
    private(set) var members: [(expert: DenseFeedForward, rows: Range<Int>)] = []

    mutating func removeAll() {
        places.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
    }

    mutating func append(_ order: ExpertOrder, _ segment: ExpertOrder.Segment, _ expert: DenseFeedForward) {
        let start = rows.count
        for place in order.places[segment.rows] {
            places.append(place)
            rows.append(place / order.choices)
        }
        members.append((expert, start..<rows.count))
    }
}
