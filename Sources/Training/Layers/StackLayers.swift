import SwitchModel
import Tensors

/// The blocks of the encoder or the decoder, from embedded tokens to normalized states.
struct StackLayers {
    private struct Block {
        let selfAttention: SelfAttentionLayer
        let crossAttention: CrossAttentionLayer?
        let feedForward: FeedForwardLayer
    }

    struct Kept {
        fileprivate struct Block {
            var selfAttention: SelfAttentionLayer.Kept
            var crossAttention: CrossAttentionLayer.Kept?
            var feedForward: FeedForwardLayer.Kept
        }

        fileprivate var blocks: [Block] = []
        fileprivate var bias: BiasTable
        fileprivate var last: FloatRows
        fileprivate var keys: (first: UInt64, last: UInt64)
    }

    /// What a decoder looks at besides itself.
    struct Source {
        var encoded: FloatRows
        var spans: [AttentionSpan]
    }

    private let blocks: [Block]
    private let norm: NormLayer

    /// - Parameter looksAcross: whether blocks attend to an encoder's output.
    init(_ stack: SwitchConfiguration.Stack, looksAcross: Bool, _ layout: inout ParameterLayout, _ shape: ModelShape) {
        var blocks: [Block] = []
        for block in 0..<shape.configuration.layers(in: stack) {
            let scope = "\(stack.rawValue).block.\(block).layer."
            blocks.append(
                Block(
                    selfAttention: SelfAttentionLayer(scope + "0", in: stack, isFirst: block == 0, &layout, shape),
                    crossAttention: looksAcross ? CrossAttentionLayer(scope + "1", &layout, shape) : nil,
                    feedForward: FeedForwardLayer(
                        scope + (looksAcross ? "2" : "1"),
                        in: stack,
                        block: block,
                        &layout,
                        shape
                    )
                )
            )
        }
        self.blocks = blocks
        norm = NormLayer("\(stack.rawValue).final_layer_norm", &layout, shape)
    }

    /// Those of the sparse blocks, in order.
    var experts: [ExpertLayers] { blocks.compactMap(\.feedForward.experts) }

    /// Overwrites `embedded`.
    func forward(
        _ embedded: FloatRows,
        _ sequences: [Range<Int>],
        _ source: Source?,
        _ pass: Pass
    ) -> (output: FloatRows, kept: Kept) {
        guard let positionBias = blocks.first?.selfAttention.bias else { preconditionFailure("a stack without blocks") }
        let bias = positionBias.table(reach: sequences.map(\.count).max() ?? 1, pass)
        let first = pass.noise.next()
        embedded.drop(rate: pass.regularization.dropout, key: first)
        let spans = sequences.map { AttentionSpan(queries: $0, keys: $0) }
        var kept = Kept(bias: bias, last: embedded, keys: (first, 0))
        var hidden = embedded
        for block in blocks {
            let (attended, selfAttention) = block.selfAttention.forward(hidden, spans, bias: bias, pass)
            hidden = attended
            var crossAttention: CrossAttentionLayer.Kept?
            if let layer = block.crossAttention, let source {
                (hidden, crossAttention) = layer.forward(hidden, source.encoded, source.spans, pass)
            }
            let (fed, feedForward) = block.feedForward.forward(hidden, sequences, pass)
            hidden = fed
            kept.blocks.append(
                Kept.Block(selfAttention: selfAttention, crossAttention: crossAttention, feedForward: feedForward)
            )
        }
        kept.last = hidden
        let output = norm.forward(hidden, pass)
        kept.keys.last = pass.noise.next()
        output.drop(rate: pass.regularization.dropout, key: kept.keys.last)
        return (output, kept)
    }

    /// Returns the gradient of the embedded tokens; overwrites `gradient`, that of the output.
    func backward(_ gradient: FloatRows, _ kept: Kept, encodedGradient: FloatRows?, _ pass: Pass) -> FloatRows {
        gradient.drop(rate: pass.regularization.dropout, key: kept.keys.last)
        let hidden = pass.arena.zeros(gradient.rows, gradient.columns)
        norm.backward(gradient, input: kept.last, into: hidden, pass)
        for (block, own) in zip(blocks, kept.blocks).reversed() {
            block.feedForward.backward(hidden, own.feedForward, pass)
            if let layer = block.crossAttention, let cross = own.crossAttention, let encodedGradient {
                layer.backward(hidden, cross, encodedGradient: encodedGradient, pass)
            }
            block.selfAttention.backward(hidden, own.selfAttention, bias: kept.bias, pass)
        }
        blocks.first?.selfAttention.bias?.addGradient(kept.bias, pass)
        hidden.drop(rate: pass.regularization.dropout, key: kept.keys.first)
        return hidden
    }
}
