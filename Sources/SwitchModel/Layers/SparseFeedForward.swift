import Checkpoints
import Tensors

/// The switch layer: a router and its experts (Fedus and others, 2021, §2), of which a token may go to several.
struct SparseFeedForward {
    private let router: Router
    private let scheduler: ExpertScheduler
    private let droppedTokens: SwitchConfiguration.DroppedTokens

    /// - Parameters:
    ///   - weights: the scope of the layer, `….mlp`.
    ///   - inputs: what reached it, to round its experts' weights for.
    init(_ weights: WeightScope, _ context: LoadingContext, roundedFor inputs: LayerInputs?) throws(CheckpointError) {
        droppedTokens = context.configuration.droppedTokens
        router = try Router(weights["router"], context)
        scheduler = try ExpertScheduler(weights["experts"], context.ofExperts, roundedFor: inputs)
    }

    /// The plan of this layer before its first pass.
    func emptyPlan(_ stack: Stack, block: Int) -> RoutingPlan { router.emptyPlan(stack, block: block) }

    /// Adds to `hidden` what becomes of `workspace.normed` and `workspace.input`, its rounding, both `[rows, model]`.
    func callAsFunction(_ plan: RoutingPlan, addingTo hidden: Matrix, _ workspace: Workspace) {
        workspace.expertInputs?.add(plan, workspace.normed)
        scheduler.run(plan, addingTo: hidden, workspace)
        if droppedTokens == .gatedInput {
            hidden.addRows(of: workspace.normed, where: plan.isDropped, scales: plan.gates)
        }
    }

    /// Fills `plan` for the rows of `workspace.normed`.
    func route(_ plan: inout RoutingPlan, _ sharing: RoutingPlan.Sharing, _ workspace: Workspace) {
        router.fill(&plan, workspace.normed, sharing, workspace)
    }
}
