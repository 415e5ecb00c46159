import Checkpoints
import Tensors

/// The experts of one sparse layer that this process has, and the products over them.
///
/// An expert nobody chose costs nothing. The experts with most rows start first, and each is cut into panels, so one
/// expert with all the rows still keeps every thread busy. Experts that are not all in memory come in groups.
struct ExpertLayer {
    private enum Experts {
        /// By number; nil for one that is not here.
        case resident([DenseFeedForward?])
        case shelved(ExpertShelf)
    }

    private let experts: Experts

    /// - Parameters:
    ///   - weights: the scope of the experts, `….mlp.experts`.
    ///   - inputs: what reached the layer, to round weights for.
    ///   - isHere: whether this process is to have an expert.
    init(
        _ weights: WeightScope,
        _ context: LoadingContext,
        roundedFor inputs: LayerInputs?,
        where isHere: (_ expert: Int) -> Bool
    ) throws(CheckpointError) {
        var sources: [DenseFeedForward.Source] = []
        for index in 0..<context.configuration.experts {
            sources.append(try DenseFeedForward.Source(weights["expert_\(index)"], context))
        }
        if let memory = context.expertMemory {
            experts = .shelved(memory.add(sources))
            return
        }
        var resident: [DenseFeedForward?] = []
        let sample = inputs?.sample
        for (index, source) in sources.enumerated() {
            guard isHere(index) else {
                context.loaded(source.parameters)
                resident.append(nil)
                continue
            }
            if let next = sources.indices.first(where: { $0 > index && isHere($0) }) { sources[next].expect() }
            let own = inputs?.own(index)
            let expert = try source.load(context, roundedFor: own.flatMap { own in sample.map { (own, $0) } })
            if context.writer == nil, context.survey == nil { resident.append(expert) }
        }
        experts = .resident(resident)
    }

    /// Computes the choices of `order` for the rows of `workspace.input`, one group of experts after the other.
    ///
    /// - Parameter spread: whose messages are to move on meanwhile.
    func run(_ order: ExpertOrder, _ workspace: Workspace, into outputs: ExpertOutputs, during spread: ExpertSpread?) {
        switch experts {
        case .resident(let experts):
            workspace.expertGroup.removeAll()
            for segment in order.segments {
                guard let expert = experts[segment.expert] else { continue }
                workspace.expertGroup.append(order, segment, expert)
            }
            compute(workspace, outputs, spread)
        case .shelved(let shelf):
            shelf.visit(order.segments, on: workspace.workers) { group in
                workspace.expertGroup.removeAll()
                for (segment, expert) in group { workspace.expertGroup.append(order, segment, expert) }
                compute(workspace, outputs, spread)
            }
        }
    }

    /// Computes the choices of `workspace.expertGroup`.
    private func compute(_ workspace: Workspace, _ outputs: ExpertOutputs, _ spread: ExpertSpread?) {
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
        outputs.take(workspace.expertOutput, at: group.places, on: workspace.workers)
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

/// Where outputs of experts go: each has a place.
struct ExpertOutputs {
    /// `[places, model]`: an output is added to the row at its place, times its gate.
    let target: Matrix
    let gates: [Float]
    /// `[rows, model]`: what was computed for other ranks, whose places begin behind those of the target, `step` apart.
    var answers: (rows: Matrix, step: Int)?

    func take(_ outputs: Matrix, at places: [Int32], on workers: Workers) {
        target.scatterAdd(outputs, at: places, scales: gates, on: workers)
        if let answers { answers.rows.set(outputs, at: places, from: target.rows, every: answers.step) }
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
