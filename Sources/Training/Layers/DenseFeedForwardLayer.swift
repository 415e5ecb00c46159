import SwitchModel
import Tensors

/// `wo(dropout(relu(wi(x))))`: a dense feed-forward layer, or one expert.
struct DenseFeedForwardLayer {
    private let inner: Weight  // [feed-forward, model]
    private let outer: Weight  // [model, feed-forward]

    struct Kept {
        fileprivate var input: FloatRows
        fileprivate var hidden: FloatRows

        /// How many went forward.
        var rows: Int { input.rows }
    }

    /// - Parameter expert: which one of its layer this is; nil for a dense layer.
    init(_ scope: String, _ layout: inout ParameterLayout, _ shape: ModelShape, expert: Int? = nil) {
        let (model, width) = (shape.configuration.modelWidth, shape.configuration.feedForwardWidth)
        let scale = shape.initialization.matrices
        let inner = layout.add(
            scope + ".wi.weight",
            [width, model],
            .matrix,
            deviation: scale / Float(model).squareRoot(),
            expert: expert
        )
        let outer = layout.add(
            scope + ".wo.weight",
            [model, width],
            .matrix,
            deviation: scale / Float(width).squareRoot(),
            expert: expert
        )
        (self.inner, self.outer) = (Weight(inner), Weight(outer))
    }

    /// - Parameter key: decides what is dropped.
    func forward(_ input: FloatRows, dropout: Float, key: UInt64, _ pass: Pass) -> (output: FloatRows, kept: Kept) {
        let hidden = inner.apply(input, pass)
        hidden.rectify()
        hidden.drop(rate: dropout, key: key)
        return (outer.apply(hidden, pass), Kept(input: input, hidden: hidden))
    }

    /// Returns the gradient of the input.
    func backward(_ gradient: FloatRows, _ kept: Kept, dropout: Float, _ pass: Pass) -> FloatRows {
        outer.addGradient(gradient, input: kept.hidden, pass)
        let hiddenGradient = outer.inputGradient(gradient, pass)
        // What was dropped is 0 in the output and so is its gradient: no need to know which it was.
        hiddenGradient.rectifyGradient(kept.hidden, dropRate: dropout)
        inner.addGradient(hiddenGradient, input: kept.input, pass)
        return inner.inputGradient(hiddenGradient, pass)
    }
}
