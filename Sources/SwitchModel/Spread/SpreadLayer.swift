/// One sparse layer of a model whose experts are spread.
struct SpreadLayer {
    /// `unowned`, since it holds the experts of all layers.
    unowned let spread: ExpertSpread
    /// Among sparse layers, in the order they run.
    let layer: Int

    /// Computes `order` for the rows of `workspace.input`, here and at other ranks.
    func run(_ order: ExpertOrder, _ workspace: Workspace, into outputs: ExpertOutputs) {
        spread.run(layer, order, workspace, into: outputs)
    }
}
