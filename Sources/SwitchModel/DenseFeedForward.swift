import Checkpoints
import Tensors

/// `wo(activation(wi(x)))`: the feed-forward of a dense block, and each expert of a sparse one.
struct DenseFeedForward {
    let inner: PackedMatrix  // [feed-forward, model], twice as many outputs when gated
    let output: PackedMatrix  // [model, feed-forward]
    private let kind: FeedForwardKind

    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let configuration = context.configuration
        kind = configuration.feedForward
        inner = try context.linear(
            weights,
            kind.innerNames,
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

    /// What the first product leaves behind: the plain rectifier is done by the product itself.
    var innerEpilogue: Product.Epilogue { isRectified ? .storeRectified : .store }

    /// Loads `input` with what becomes of the first product's outputs, which are overwritten.
    func activate(_ inner: Matrix, into input: ProductInput, on workers: Workers) {
        if isRectified {
            input.load(inner, as: output.precision, on: workers)
        } else {
            input.load(kind.activation, of: inner, isGated: kind.isGated, as: output.precision, on: workers)
        }
    }

    private var isRectified: Bool { kind == FeedForwardKind() }

    /// Adds to `hidden` what becomes of `workspace.input`; both `[tokens, model]`.
    func callAsFunction(addingTo hidden: Matrix, _ workspace: Workspace) {
        workspace.inner.resize(rows: hidden.rows, columns: inner.outputs)
        workspace.workers.run(Product(inner, workspace.input, into: workspace.inner, innerEpilogue))
        activate(workspace.inner, into: workspace.input, on: workspace.workers)
        workspace.workers.run(Product(output, workspace.input, into: hidden, .add))
    }
}
