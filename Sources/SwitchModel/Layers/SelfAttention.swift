import Checkpoints
import Tensors

/// The self-attention sublayer of either stack: `x + O · attention(norm(x))`.
///
/// No 1/√width, no bias terms.
struct SelfAttention {
    private let norm: RMSNorm
    private let queryKeyValue: PackedMatrix  // [3 · inner, model]
    private let output: PackedMatrix  // [model, inner]
    private let heads: Int
    private let inner: Int

    /// - Parameter weights: the scope of the sublayer, `….layer.0`.
    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let configuration = context.configuration
        heads = configuration.heads
        inner = configuration.heads * configuration.headWidth
        norm = try RMSNorm(weights["layer_norm"], context)
        let attention = weights["SelfAttention"]
        let (model, precision) = (configuration.modelWidth, context.precision)
        let projections = try LinearSource(attention, ["q", "k", "v"], outputs: inner, inputs: model, precision)
        let output = try LinearSource(attention, ["o"], outputs: model, inputs: inner, precision)
        for source in [projections, output] { source.expect() }
        let balance = AttentionBalance(
            keys: projections.rowPeaks(of: 1, on: context.workers),
            output: output.columnPeaks(on: context.workers),
            headWidth: configuration.headWidth
        )
        queryKeyValue = try context.linear(projections, scaled: balance.queryKeyValue(inner: inner))
        self.output = try context.linear(output, scaled: balance.output)
    }

    /// Encoder: every token attends to its whole sequence.
    ///
    /// Adds to `hidden`, `[tokens, model]`.
    func encode(_ hidden: Matrix, sequences: [Range<Int>], bias: RelativePositionBias, _ workspace: Workspace) {
        project(hidden, workspace)
        var attention = RaggedAttention(
            projections: workspace.projections,
            sequences: sequences,
            heads: heads,
            bias: bias.table,
            output: workspace.attended
        )
        attention.precision = workspace.keyValuePrecision
        workspace.workers.run(attention, scratch: workspace.attentionScratch)
        workspace.run(output, on: workspace.attended, addingTo: hidden)
    }

    /// Decoder: row `i` of `hidden` is the newest token of row `i` of `rows` and attends to that history.
    func decode(
        _ hidden: Matrix,
        _ rows: DecoderRows,
        in pool: KeyValuePool,
        layer: Int,
        bias: RelativePositionBias,
        _ workspace: Workspace
    ) {
        project(hidden, workspace)
        pool.store(
            workspace.projections,
            column: inner,
            layer: layer,
            at: rows.newest,
            on: workspace.workers
        )
        let attention = CachedAttention(
            query: workspace.projections,
            pool: pool,
            layer: layer,
            bias: bias.table,
            output: workspace.attended
        )
        workspace.workers.run(attention, rows.histories, scratch: workspace.attentionScratch)
        workspace.run(output, on: workspace.attended, addingTo: hidden)
    }

    private func project(_ hidden: Matrix, _ workspace: Workspace) {
        norm(hidden, for: queryKeyValue.precision, workspace)
        workspace.projections.resize(rows: hidden.rows, columns: 3 * inner)
        workspace.attended.resize(rows: hidden.rows, columns: inner)
        workspace.workers.run(Product(queryKeyValue, workspace.input, into: workspace.projections))
    }
}
