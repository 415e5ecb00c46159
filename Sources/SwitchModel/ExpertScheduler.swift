import Tensors

/// Runs a routing plan: rows sorted by expert, one parallel region per product over all experts, results scattered back.
///
/// An expert nobody chose costs nothing. The experts with most rows start first, and each is cut into panels, so one
/// expert with all the rows still keeps every thread busy.
struct ExpertScheduler {
    let experts: [DenseFeedForward]

    /// Adds `gate · expert(workspace.input)` to every row of `hidden` that the plan does not drop; both `[rows, model]`.
    func run(_ plan: RoutingPlan, addingTo hidden: Matrix, _ workspace: Workspace) {
        workspace.expertOrder.fill(plan)
        let rows = workspace.expertOrder.rows
        guard !rows.isEmpty else { return }
        workspace.expertInput.gather(rows, from: workspace.input, on: workspace.workers)
        workspace.expertInner.resize(rows: rows.count, columns: experts[0].inner.outputs)
        workspace.expertOutput.resize(rows: rows.count, columns: hidden.columns)
        run(workspace) { expert, rows in
            Product(expert.inner, workspace.expertInput, rows: rows, into: workspace.expertInner, expert.innerEpilogue)
        }
        experts[0].activate(workspace.expertInner, into: workspace.expertInput, on: workspace.workers)
        run(workspace) { expert, rows in
            Product(expert.output, workspace.expertInput, rows: rows, into: workspace.expertOutput)
        }
        hidden.scatterAdd(workspace.expertOutput, at: rows, scales: plan.gates, on: workspace.workers)
    }

    /// One region over a product of every expert that has rows.
    private func run(_ workspace: Workspace, _ product: (_ expert: DenseFeedForward, _ rows: Range<Int>) -> Product) {
        workspace.products.removeAll()
        for segment in workspace.expertOrder.segments {
            workspace.products.append(product(experts[segment.expert], segment.rows))
        }
        workspace.workers.run(workspace.products)
    }
}
