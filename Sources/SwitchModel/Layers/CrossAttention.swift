import Checkpoints
import Tensors

/// The decoder's attention to the encoded prompt: `x + O · attention(norm(x), prompt)`.
///
/// No position bias.
struct CrossAttention {
    private let norm: RMSNorm
    private let query: PackedMatrix  // [inner, model]
    private let keyValue: PackedMatrix  // [2 · inner, model]
    private let output: PackedMatrix  // [model, inner]
    private let heads: Int
    private let inner: Int

    /// - Parameter weights: the scope of the sublayer, `….layer.1`.
    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let configuration = context.configuration
        let model = configuration.modelWidth
        heads = configuration.heads
        inner = configuration.heads * configuration.headWidth
        norm = try RMSNorm(weights["layer_norm"], context)
        let attention = weights["EncDecAttention"]
        let query = try LinearSource(attention, ["q"], outputs: inner, inputs: model, context.precision)
        let keyValue = try LinearSource(attention, ["k", "v"], outputs: inner, inputs: model, context.precision)
        let output = try LinearSource(attention, ["o"], outputs: model, inputs: inner, context.precision)
        for source in [query, keyValue, output] { source.expect() }
        let balance = AttentionBalance(
            keys: keyValue.rowPeaks(of: 0, on: context.workers),
            output: output.columnPeaks(on: context.workers),
            headWidth: configuration.headWidth
        )
        self.query = try context.linear(query, scaled: balance.query)
        self.keyValue = try context.linear(keyValue, scaled: balance.keyValue(inner: inner))
        self.output = try context.linear(output, scaled: balance.output)
    }

    var precision: WeightPrecision { keyValue.precision }

    /// Leaves keys and values of encoded prompts in `rows` of the pool, a row for each token: once per request.
    func store(
        _ encoded: ProductInput,
        in pool: KeyValuePool,
        layer: Int,
        at rows: [Int32],
        _ workspace: Workspace
    ) {
        workspace.projections.resize(rows: encoded.rows, columns: 2 * inner)
        workspace.workers.run(Product(keyValue, encoded, into: workspace.projections))
        pool.store(workspace.projections, column: 0, layer: layer, at: rows, on: workspace.workers)
    }

    /// Adds to `hidden`, `[rows, model]`; row `i` attends to the prompt of row `i` of `rows`.
    func callAsFunction(
        _ hidden: Matrix,
        _ rows: DecoderRows,
        in pool: KeyValuePool,
        layer: Int,
        _ workspace: Workspace
    ) {
        norm(hidden, for: query.precision, workspace)
        workspace.projections.resize(rows: hidden.rows, columns: inner)
        workspace.attended.resize(rows: hidden.rows, columns: inner)
        workspace.workers.run(Product(query, workspace.input, into: workspace.projections))
        let attention = CachedAttention(
            query: workspace.projections,
            pool: pool,
            layer: layer,
            bias: nil,
            output: workspace.attended
        )
        workspace.workers.run(attention, rows.prompts, scratch: workspace.attentionScratch)
        for (row, log) in rows.watched where log.block == layer {
            log.append(attention.meanWeights(row: row, rows.prompts[row], scratch: workspace.attentionScratch))
        }
        workspace.run(output, on: workspace.attended, addingTo: hidden)
    }
}
