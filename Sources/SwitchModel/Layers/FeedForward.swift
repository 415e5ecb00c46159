import Checkpoints
import Tensors

/// The feed-forward sublayer of a block: `x + FF(norm(x))`, dense or sparse.
struct FeedForward {
    private enum Kind {
        case dense(DenseFeedForward)
        case sparse(SparseFeedForward)
    }

    private let norm: RMSNorm
    private let kind: Kind
    private let precision: WeightPrecision
    private let stack: Stack
    private let block: Int

    /// - Parameter weights: the scope of the sublayer, the last `layer` of its block; T5 names the dense one otherwise.
    init(
        _ weights: WeightScope,
        in stack: Stack,
        block: Int,
        _ context: LoadingContext
    ) throws(CheckpointError) {
        self.stack = stack
        self.block = block
        norm = try RMSNorm(weights["layer_norm"], context)
        if context.configuration.isSparse(block: block, in: stack) {
            let inputs = context.expertInputs?.layer(stack, block: block)
            kind = .sparse(try SparseFeedForward(weights["mlp"], context, roundedFor: inputs))
            precision = context.ofExperts.precision
        } else {
            kind = .dense(try Self.dense(weights[context.configuration.denseFeedForward], context))
            precision = context.precision
        }
    }

    private static func dense(
        _ weights: WeightScope,
        _ context: LoadingContext
    ) throws(CheckpointError)
        -> DenseFeedForward
    {
        try DenseFeedForward.Source(weights, context).load(context)
    }

    /// Adds to `hidden`, `[rows, model]`; a sparse one records where it sent the rows.
    func callAsFunction(
        _ hidden: Matrix,
        _ sharing: RoutingPlan.Sharing,
        _ routing: inout RoutingLog,
        _ workspace: Workspace
    ) {
        switch kind {
        case .dense(let dense):
            norm(hidden, for: precision, workspace)
            dense(addingTo: hidden, workspace)
        case .sparse(let sparse):
            norm(hidden, for: precision, workspace)
            let plan = routing.record(sparse.emptyPlan(stack, block: block)) { plan in
                sparse.route(&plan, sharing, workspace)
            }
            sparse(plan, addingTo: hidden, workspace)
        }
    }
}
