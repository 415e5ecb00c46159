import Tensors

/// Runs a routing plan: rows sorted by expert, one parallel region per product over all experts, results scattered back.
///
/// An expert nobody chose costs nothing. The experts with most rows start first, and each is cut into panels, so one
/// expert with all the rows still keeps every thread busy.
struct ExpertScheduler {
    let experts: [DenseFeedForward]

    /// Adds `gate · expert(workspace.input)` to every row of `hidden` that the plan does not drop; both `[rows, model]`.
    func run(_ plan: RoutingPlan, addingTo hidden: Matrix, _ workspace: Workspace) {
        let (rows, segments) = plan.rowsByExpert()
        guard !rows.isEmpty else { return }
        let largestFirst = segments.sorted { $0.rows.count > $1.rows.count }
        workspace.expertInput.gather(rows, from: workspace.input, on: workspace.workers)
        workspace.expertInner.resize(rows: rows.count, columns: experts[0].inner.outputs)
        workspace.expertOutput.resize(rows: rows.count, columns: hidden.columns)
        workspace.workers.run(
            largestFirst.map {
                Product(
                    experts[$0.expert].inner,
                    workspace.expertInput,
                    rows: $0.rows,
                    into: workspace.expertInner,
                    .storeRectified
                )
            }
        )
        workspace.expertInput.load(workspace.expertInner, as: workspace.input.precision, on: workspace.workers)
        workspace.workers.run(
            largestFirst.map {
                Product(experts[$0.expert].output, workspace.expertInput, rows: $0.rows, into: workspace.expertOutput)
            }
        )
        hidden.scatterAdd(workspace.expertOutput, at: rows, scales: plan.gates, on: workspace.workers)
    }
}
