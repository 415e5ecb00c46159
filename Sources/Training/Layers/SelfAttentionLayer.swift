import SwitchModel
import Tensors

/// `x + dropout(SelfAttention(norm(x)))`.
struct SelfAttentionLayer {
    private let norm: NormLayer
    private let joined: Weight  // queries, keys and values: [3 · attention, model]
    private let output: Weight  // [model, attention]
    private let attention: AttentionProducts
    /// In the first block of a stack.
    let bias: PositionBias?

    struct Kept {
        fileprivate var input: FloatRows
        fileprivate var normed: FloatRows
        fileprivate var joined: FloatRows
        fileprivate var attention: AttentionProducts.Kept
        fileprivate var context: FloatRows
        fileprivate var key: UInt64
    }

    init(
        _ scope: String,
        in stack: SwitchConfiguration.Stack,
        isFirst: Bool,
        _ layout: inout ParameterLayout,
        _ shape: ModelShape
    ) {
        let names = AttentionWeights(scope + ".SelfAttention", &layout, shape)
        joined = Weight(stacking: [names.query, names.key, names.value])
        output = Weight(names.output)
        bias = isFirst ? PositionBias(scope + ".SelfAttention", in: stack, &layout, shape) : nil
        norm = NormLayer(scope + ".layer_norm", &layout, shape)
        attention = AttentionProducts(
            heads: shape.configuration.heads,
            headWidth: shape.configuration.headWidth,
            masking: stack == .encoder ? .none : .causal
        )
    }

    func forward(
        _ input: FloatRows,
        _ spans: [AttentionSpan],
        bias: BiasTable,
        _ pass: Pass
    ) -> (output: FloatRows, kept: Kept) {
        let normed = norm.forward(input, pass)
        let joined = self.joined.apply(normed, pass)
        let (context, attended) = attention.forward(operands(joined), spans, bias: bias, pass)
        let result = output.apply(context, pass)
        let key = pass.close(result, with: input)
        let kept = Kept(
            input: input,
            normed: normed,
            joined: joined,
            attention: attended,
            context: context,
            key: key
        )
        return (result, kept)
    }

    /// Turns `gradient`, that of the output, into that of the input.
    func backward(_ gradient: FloatRows, _ kept: Kept, bias: BiasTable, _ pass: Pass) {
        let dropped = pass.withoutDropped(gradient, key: kept.key)
        output.addGradient(dropped, input: kept.context, pass)
        let contextGradient = output.inputGradient(dropped, pass)
        let joinedGradient = pass.arena.rows(kept.joined.rows, kept.joined.columns)
        attention.backward(contextGradient, kept.attention, into: operands(joinedGradient), bias: bias, pass)
        joined.addGradient(joinedGradient, input: kept.normed, pass)
        let normedGradient = joined.inputGradient(joinedGradient, pass)
        norm.backward(normedGradient, input: kept.input, into: gradient, pass)
    }

    private func operands(_ joined: FloatRows) -> AttentionProducts.Operands {
        let width = joined.columns / 3
        return AttentionProducts.Operands(
            queries: joined[columns: 0..<width],
            keys: joined[columns: width..<2 * width],
            values: joined[columns: 2 * width..<3 * width]
        )
    }
}

/// The four matrices of an attention layer.
struct AttentionWeights {
    let query: Parameter  // [attention, model]
    let key: Parameter  // [attention, model]
    let value: Parameter  // [attention, model]
    let output: Parameter  // [model, attention]

    init(_ scope: String, _ layout: inout ParameterLayout, _ shape: ModelShape) {
        let configuration = shape.configuration
        let (model, width) = (configuration.modelWidth, configuration.attentionWidth)
        let scale = shape.initialization.matrices / Float(model).squareRoot()
        // Scores are not scaled in the model, so that the queries' weights are.
        let headScale = scale / Float(configuration.headWidth).squareRoot()
        query = layout.add(scope + ".q.weight", [width, model], .matrix, deviation: headScale)
        key = layout.add(scope + ".k.weight", [width, model], .matrix, deviation: scale)
        value = layout.add(scope + ".v.weight", [width, model], .matrix, deviation: scale)
        let outputScale = shape.initialization.matrices / Float(width).squareRoot()
        output = layout.add(scope + ".o.weight", [model, width], .matrix, deviation: outputScale)
    }
}
