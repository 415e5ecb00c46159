import SwitchModel
import Tensors

/// `wo(dropout(activation(wi(x))))`, or with gates `wo(dropout(activation(wi_0(x)) · wi_1(x)))` (Shazeer, 2020): a dense
/// feed-forward layer, or one expert.
struct DenseFeedForwardLayer {
    private let inner: Weight  // [feed-forward, model], or those of both halves of a gated layer
    private let outer: Weight  // [model, feed-forward]
    private let kind: FeedForwardKind

    struct Kept {
        fileprivate var input: FloatRows
        /// What the first product left; nil where the activation was done in its place.
        fileprivate var inner: FloatRows?
        fileprivate var hidden: FloatRows
        fileprivate var key: UInt64

        /// How many went forward.
        var rows: Int { input.rows }
    }

    /// - Parameter expert: which one of its layer this is; nil for a dense layer.
    init(_ scope: String, _ layout: inout ParameterLayout, _ shape: ModelShape, expert: Int? = nil) {
        let (model, width) = (shape.configuration.modelWidth, shape.configuration.feedForwardWidth)
        let scale = shape.initialization.matrices
        kind = shape.configuration.feedForward
        inner = Weight(
            stacking: kind.innerNames.map { name in
                layout.add(
                    "\(scope).\(name).weight",
                    [width, model],
                    .matrix,
                    deviation: scale / Float(model).squareRoot(),
                    expert: expert
                )
            }
        )
        outer = Weight(
            layout.add(
                scope + ".wo.weight",
                [model, width],
                .matrix,
                deviation: scale / Float(width).squareRoot(),
                expert: expert
            )
        )
    }

    /// Nothing but its sign is needed of what goes into the plain rectifier, and that is the output's.
    private var isRectified: Bool { kind == FeedForwardKind() }

    /// - Parameter key: decides what is dropped.
    func forward(_ input: FloatRows, dropout: Float, key: UInt64, _ pass: Pass) -> (output: FloatRows, kept: Kept) {
        let inner = self.inner.apply(input, pass)
        let hidden = isRectified ? inner : pass.arena.rows(input.rows, outer.inputs)
        if isRectified { hidden.rectify() } else { hidden.activate(kind.activation, of: inner) }
        hidden.drop(rate: dropout, key: key)
        let kept = Kept(input: input, inner: isRectified ? nil : inner, hidden: hidden, key: key)
        return (outer.apply(hidden, pass), kept)
    }

    /// Returns the gradient of the input.
    func backward(_ gradient: FloatRows, _ kept: Kept, dropout: Float, _ pass: Pass) -> FloatRows {
        outer.addGradient(gradient, input: kept.hidden, pass)
        let hiddenGradient = outer.inputGradient(gradient, pass)
        var innerGradient = hiddenGradient
        if let inner = kept.inner {
            hiddenGradient.drop(rate: dropout, key: kept.key)
            innerGradient = pass.arena.rows(inner.rows, inner.columns)
            hiddenGradient.activationGradient(kind.activation, of: inner, into: innerGradient)
        } else {
            // What was dropped is 0 in the output and so is its gradient: no need to know which it was.
            hiddenGradient.rectifyGradient(kept.hidden, dropRate: dropout)
        }
        inner.addGradient(innerGradient, input: kept.input, pass)
        return inner.inputGradient(innerGradient, pass)
    }
}
