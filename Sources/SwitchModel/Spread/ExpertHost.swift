package import Checkpoints
package import Ranks
import Tensors

/// The experts of all layers that one rank has for another.
///
/// Owned by one thread.
package final class ExpertHost {
    private let layers: [ExpertScheduler]
    private let bounds: ExpertCall.Bounds
    private let workspace: Workspace
    private let outputs = Matrix()

    /// Loads and packs the experts that `context.spread` places at this rank, and nothing else.
    ///
    /// - Throws: `CheckpointError` with the name of a tensor that is missing, of another shape, or not finite.
    package init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let configuration = context.configuration
        var layers: [ExpertScheduler] = []
        for stack in [Stack.encoder, .decoder] {
            for block in configuration.sparseBlocks(in: stack) {
                let layer = weights[stack.rawValue]["block"][block]["layer"][configuration.feedForwardLayer(in: stack)]
                layers.append(try ExpertScheduler(layer["mlp"]["experts"], context.ofExperts))
            }
        }
        self.layers = layers
        bounds = ExpertCall.Bounds(
            layers: layers.count,
            experts: configuration.experts,
            columns: configuration.modelWidth,
            precision: context.ofExperts.precision
        )
        workspace = Workspace(workers: context.workers, keyValuePrecision: .float32)
    }

    /// Computes what rank 0 asks for until it says that no more follows.
    ///
    /// - Throws: where a message cannot be read or sent.
    package func serve(_ ranks: any Ranks, _ patience: RankPatience) throws(RanksError) {
        let (call, answer) = (RankMessage(), RankMessage())
        while true {
            try ranks.awaitMessage(into: call, from: 0, RankPatience(timeout: nil))
            guard case .run(let layer, let runs) = try ExpertCall(call, from: 0, bounds, into: workspace.input) else {
                return
            }
            if let stranger = runs.first(where: { !layers[layer].isHere($0.expert) }) {
                throw .malformed(rank: 0, reason: "expert \(stranger.expert) of sparse layer \(layer) is not here")
            }
            workspace.expertOrder.fill(runs)
            outputs.resize(rows: workspace.input.rows, columns: bounds.columns)
            layers[layer].run(into: outputs, workspace)
            try ranks.finishSending(to: 0, patience)
            answer.removeAll()
            outputs.withBytes { bytes in answer.append(bytes: bytes.count) { $0.copyMemory(from: bytes) } }
            try ranks.beginSend(answer, to: 0)
        }
    }
}
