package import Checkpoints
package import Ranks
import Tensors

/// The experts of all layers that one rank has for rank 0, which runs the model.
///
/// Owned by one thread.
package final class ExpertHost {
    private let spread: ExpertSpread
    private let workspace: Workspace

    /// Loads and packs the experts that `spread`, the context's, places at this rank, and nothing else.
    ///
    /// - Throws: `CheckpointError` with the name of a tensor that is missing, of another shape, or not finite.
    package init(_ weights: WeightScope, _ context: LoadingContext, _ spread: ExpertSpread) throws(CheckpointError) {
        var context = context
        context.spread = spread
        let configuration = context.configuration
        for stack in [Stack.encoder, .decoder] {
            for block in configuration.sparseBlocks(in: stack) {
                let layer = weights[stack.rawValue]["block"][block]["layer"][configuration.feedForwardLayer(in: stack)]
                _ = try ExpertScheduler(layer["mlp"]["experts"], context.ofExperts)
            }
        }
        self.spread = spread
        workspace = Workspace(workers: context.workers, keyValuePrecision: .float32)
    }

    /// Computes what rank 0 calls for until it says that no more follows, and leaves the job with it.
    ///
    /// - Throws: where a call cannot be read or an answer sent.
    package func serve() throws(RanksError) { try spread.serveUntilLeft(workspace) }
}
