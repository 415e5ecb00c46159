import Checkpoints
import Tensors

/// Root-mean-square normalization as T5 uses it: no mean is subtracted and there is no bias.
///
/// Input and output: `[tokens, model]`.
struct RMSNorm {
    private let scale: Matrix  // [1, model]
    private let epsilon: Float

    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        scale = try context.matrix(weights, "weight", [context.configuration.modelWidth])
        epsilon = context.configuration.layerNormEpsilon
    }

    func callAsFunction(_ x: Matrix, into output: Matrix) {
        x.rmsNormalized(scale: scale, epsilon: epsilon, into: output)
    }

    /// Leaves the norm in `workspace.normed` and, rounded for products with weights of `precision`, in
    /// `workspace.input`.
    func callAsFunction(_ x: Matrix, for precision: WeightPrecision, _ workspace: Workspace) {
        workspace.input.load(
            normOf: x,
            scale: scale,
            epsilon: epsilon,
            into: workspace.normed,
            as: precision,
            on: workspace.workers
        )
    }
}
