import SwitchModel
import Tensors

/// `x + dropout(FF(norm(x)))`, dense or sparse.
struct FeedForwardLayer {
    private enum Kind {
        case dense(DenseFeedForwardLayer)
        case sparse(SparseFeedForwardLayer)
    }

    struct Kept {
        fileprivate enum Inner {
            case dense(DenseFeedForwardLayer.Kept)
            case sparse(SparseFeedForwardLayer.Kept)
        }

        fileprivate var input: FloatRows
        fileprivate var inner: Inner
        fileprivate var key: UInt64
    }

    private let norm: NormLayer
    private let kind: Kind

    init(
        _ scope: String,
        in stack: SwitchConfiguration.Stack,
        block: Int,
        _ layout: inout ParameterLayout,
        _ shape: ModelShape
    ) {
        kind =
            shape.configuration.isSparse(block: block, in: stack)
            ? .sparse(SparseFeedForwardLayer(scope + ".mlp", in: stack, block: block, &layout, shape))
            : .dense(DenseFeedForwardLayer("\(scope).\(shape.configuration.denseFeedForward)", &layout, shape))
        norm = NormLayer(scope + ".layer_norm", &layout, shape)
    }

    /// Those of a sparse layer.
    var experts: ExpertLayers? {
        if case .sparse(let layer) = kind { layer.experts } else { nil }
    }

    func forward(_ input: FloatRows, _ sequences: [Range<Int>], _ pass: Pass) -> (output: FloatRows, kept: Kept) {
        let normed = norm.forward(input, pass)
        let output: FloatRows
        let inner: Kept.Inner
        switch kind {
        case .dense(let layer):
            let (dropout, key) = (pass.regularization.feedForwardDropout, pass.noise.next())
            let (result, kept) = layer.forward(normed, dropout: dropout, key: key, pass)
            (output, inner) = (result, .dense(kept))
        case .sparse(let layer):
            let (result, kept) = layer.forward(normed, sequences, pass)
            (output, inner) = (result, .sparse(kept))
        }
        return (output, Kept(input: input, inner: inner, key: pass.close(output, with: input)))
    }

    /// Turns `gradient`, that of the output, into that of the input.
    func backward(_ gradient: FloatRows, _ kept: Kept, _ pass: Pass) {
        let dropped = pass.withoutDropped(gradient, key: kept.key)
        let normedGradient: FloatRows
        switch (kind, kept.inner) {
        case (.dense(let layer), .dense(let inner)):
            let dropout = pass.regularization.feedForwardDropout
            normedGradient = layer.backward(dropped, inner, dropout: dropout, pass)
        case (.sparse(let layer), .sparse(let inner)):
            normedGradient = layer.backward(dropped, inner, pass)
        case (.dense, .sparse), (.sparse, .dense):
            preconditionFailure("what was kept is another layer's")
        }
        norm.backward(normedGradient, input: kept.input, into: gradient, pass)
    }
}
