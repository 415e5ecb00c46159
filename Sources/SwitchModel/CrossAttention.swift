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
        query = try context.linear(attention, ["q"], outputs: inner, inputs: model)
        keyValue = try context.linear(attention, ["k", "v"], outputs: inner, inputs: model)
        output = try context.linear(attention, ["o"], outputs: model, inputs: inner)
    }

    var precision: WeightPrecision { keyValue.precision }

    /// Keys and values of encoded prompts, one `[tokens, 2 · inner]` for each: computed once per request.
    func caches(of encoded: ProductInput, sequences: [Range<Int>], _ workspace: Workspace) -> [Matrix] {
        workspace.projections.resize(rows: encoded.rows, columns: 2 * inner)
        workspace.workers.run(Product(keyValue, encoded, into: workspace.projections))
        return sequences.map { sequence in
            let cache = Matrix(rows: sequence.count, columns: 2 * inner)
            cache.copy(rows: sequence, columns: 0..<2 * inner, of: workspace.projections, toRow: 0)
            return cache
        }
    }

    /// Adds to `hidden`, `[rows, model]`; row `i` attends to the prompt of `rows[i]`.
    func callAsFunction(_ hidden: Matrix, rows: [DecoderRow], layer: Int, _ workspace: Workspace) {
        norm(hidden, for: query, workspace)
        workspace.projections.resize(rows: hidden.rows, columns: inner)
        workspace.attended.resize(rows: hidden.rows, columns: inner)
        workspace.workers.run(Product(query, workspace.input, into: workspace.projections))
        let attentions = rows.enumerated().map { index, row in
            CachedAttention(
                query: workspace.projections,
                row: index,
                cache: row.state.crossCaches[layer],
                output: workspace.attended
            )
        }
        workspace.workers.run(attentions, heads: heads, scratch: workspace.attentionScratch)
        workspace.run(output, on: workspace.attended, addingTo: hidden)
    }
}
