import SwitchModel
import Tensors

/// `x + dropout(CrossAttention(norm(x), encoded))`.
struct CrossAttentionLayer {
    private let norm: NormLayer
    private let query: Weight  // [attention, model]
    private let joined: Weight  // keys and values: [2 · attention, model]
    private let output: Weight  // [model, attention]
    private let attention: AttentionProducts

    struct Kept {
        fileprivate var input: FloatRows
        fileprivate var normed: FloatRows
        fileprivate var encoded: FloatRows
        fileprivate var queries: FloatRows
        fileprivate var joined: FloatRows
        fileprivate var attention: AttentionProducts.Kept
        fileprivate var context: FloatRows
        fileprivate var key: UInt64
    }

    init(_ scope: String, _ layout: inout ParameterLayout, _ shape: ModelShape) {
        let names = AttentionWeights(scope + ".EncDecAttention", &layout, shape)
        query = Weight(names.query)
        joined = Weight(stacking: [names.key, names.value])
        output = Weight(names.output)
        norm = NormLayer(scope + ".layer_norm", &layout, shape)
        attention = AttentionProducts(
            heads: shape.configuration.heads,
            headWidth: shape.configuration.headWidth,
            masking: .none
        )
    }

    func forward(
        _ input: FloatRows,
        _ encoded: FloatRows,
        _ spans: [AttentionSpan],
        _ pass: Pass
    ) -> (output: FloatRows, kept: Kept) {
        let normed = norm.forward(input, pass)
        let queries = query.apply(normed, pass)
        let joined = self.joined.apply(encoded, pass)
        let (context, attended) = attention.forward(operands(queries, joined), spans, bias: nil, pass)
        let result = output.apply(context, pass)
        let key = pass.close(result, with: input)
        let kept = Kept(
            input: input,
            normed: normed,
            encoded: encoded,
            queries: queries,
            joined: joined,
            attention: attended,
            context: context,
            key: key
        )
        return (result, kept)
    }

    /// Turns `gradient`, that of the output, into that of the input; adds to that of the encoder's output.
    func backward(_ gradient: FloatRows, _ kept: Kept, encodedGradient: FloatRows, _ pass: Pass) {
        let dropped = pass.withoutDropped(gradient, key: kept.key)
        output.addGradient(dropped, input: kept.context, pass)
        let contextGradient = output.inputGradient(dropped, pass)
        let queryGradient = pass.arena.rows(kept.queries.rows, kept.queries.columns)
        let joinedGradient = pass.arena.rows(kept.joined.rows, kept.joined.columns)
        let into = operands(queryGradient, joinedGradient)
        attention.backward(contextGradient, kept.attention, into: into, bias: nil, pass)
        joined.addGradient(joinedGradient, input: kept.encoded, pass)
        joined.addInputGradient(joinedGradient, to: encodedGradient, .add, pass)
        query.addGradient(queryGradient, input: kept.normed, pass)
        norm.backward(query.inputGradient(queryGradient, pass), input: kept.input, into: gradient, pass)
    }

    private func operands(_ queries: FloatRows, _ joined: FloatRows) -> AttentionProducts.Operands {
        let width = joined.columns / 2
        return AttentionProducts.Operands(
            queries: queries,
            keys: joined[columns: 0..<width],
            values: joined[columns: width..<2 * width]
        )
    }
}
