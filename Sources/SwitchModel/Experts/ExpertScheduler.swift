import Checkpoints
import Tensors

/// Runs a routing plan: rows sorted by expert, one parallel region per product over all experts, results scattered back;
/// where experts are spread over ranks, each row at a rank that has its expert.
struct ExpertScheduler {
    private enum Experts {
        /// All of them in this process.
        case here(ExpertLayer)
        case spread(SpreadLayer)
    }

    private let experts: Experts

    /// - Parameters:
    ///   - weights: the scope of the experts, `….mlp.experts`.
    ///   - inputs: what reached the layer, to round weights for.
    init(
        _ weights: WeightScope,
        _ context: LoadingContext,
        roundedFor inputs: LayerInputs? = nil
    ) throws(CheckpointError) {
        guard let spread = context.spread else {
            experts = .here(try ExpertLayer(weights, context, roundedFor: inputs) { _ in true })
            return
        }
        let layer = spread.layers.count
        let own = try ExpertLayer(weights, context, roundedFor: inputs) { spread.isHere(layer, $0) }
        experts = .spread(spread.add(own))
    }

    /// Adds `gate · expert(workspace.input)` to the rows of `hidden` for every choice the plan does not drop; both
    /// `[rows, model]`.
    func run(_ plan: RoutingPlan, addingTo hidden: Matrix, _ workspace: Workspace) {
        workspace.expertOrder.fill(plan)
        // With others a turn counts on every layer's call, even one without rows.
        if case .here = experts, workspace.expertOrder.segments.isEmpty { return }
        guard plan.choices > 1 else { return visit(plan, addingTo: hidden, workspace) }
        // Experts that run at the same time may have a row in common. So each choice first has a row of its own, and these
        // are added in the order of the choices, whichever expert was there first.
        let outputs = workspace.choiceOutput
        outputs.resize(rows: plan.experts.count, columns: hidden.columns)
        outputs.clear()
        visit(plan, addingTo: outputs, workspace)
        hidden.addRuns(of: outputs, on: workspace.workers)
    }

    /// Adds what becomes of each choice to the row of `target` at its place.
    private func visit(_ plan: RoutingPlan, addingTo target: Matrix, _ workspace: Workspace) {
        let outputs = ExpertOutputs(target: target, gates: plan.gates)
        switch experts {
        case .here(let experts): experts.run(workspace.expertOrder, workspace, into: outputs, during: nil)
        case .spread(let layer): layer.run(workspace.expertOrder, workspace, into: outputs)
        }
    }
}
