import Checkpoints
import Tensors

/// `wo(relu(wi(x)))`: the feed-forward of a dense block, and each expert of a sparse one.
struct DenseFeedForward {
    let inner: PackedMatrix  // [feed-forward, model]
    let output: PackedMatrix  // [model, feed-forward]

    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let configuration = context.configuration
        inner = try context.linear(
            weights,
            ["wi"],
            outputs: configuration.feedForwardWidth,
            inputs: configuration.modelWidth
        )
        output = try context.linear(
            weights,
            ["wo"],
            outputs: configuration.modelWidth,
            inputs: configuration.feedForwardWidth
        )
    }

    /// Adds to `hidden` what becomes of `workspace.input`; both `[tokens, model]`.
    func callAsFunction(addingTo hidden: Matrix, _ workspace: Workspace) {
        workspace.inner.resize(rows: hidden.rows, columns: inner.outputs)
        workspace.workers.run(Product(inner, workspace.input, into: workspace.inner, .storeRectified))
        workspace.run(output, on: workspace.inner, addingTo: hidden)
    }
}
