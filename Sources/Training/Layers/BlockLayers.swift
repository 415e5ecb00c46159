import SwitchModel
import Tensors

/// One block of a stack: self-attention, in a decoder behind an encoder also cross-attention, and a feed-forward layer.
struct BlockLayers {
    let selfAttention: SelfAttentionLayer
    let feedForward: FeedForwardLayer
    private let crossAttention: CrossAttentionLayer?

    struct Kept {
        fileprivate var selfAttention: SelfAttentionLayer.Kept
        fileprivate var crossAttention: CrossAttentionLayer.Kept?
        fileprivate var feedForward: FeedForwardLayer.Kept
    }

    /// What all blocks of a stack look at.
    struct Surroundings {
        var sequences: [Range<Int>]
        /// The same, each at itself.
        var spans: [AttentionSpan]
        var bias: BiasTable
        var source: StackLayers.Source?
    }

    /// - Parameter looksAcross: whether it attends to an encoder's output.
    init(
        _ block: Int,
        in stack: SwitchConfiguration.Stack,
        looksAcross: Bool,
        _ layout: inout ParameterLayout,
        _ shape: ModelShape
    ) {
        let scope = "\(stack.rawValue).block.\(block).layer."
        selfAttention = SelfAttentionLayer(scope + "0", in: stack, isFirst: block == 0, &layout, shape)
        crossAttention = looksAcross ? CrossAttentionLayer(scope + "1", &layout, shape) : nil
        feedForward = FeedForwardLayer(scope + (looksAcross ? "2" : "1"), in: stack, block: block, &layout, shape)
    }

    func forward(_ input: FloatRows, _ around: Surroundings, _ pass: Pass) -> (output: FloatRows, kept: Kept) {
        var (hidden, selfAttention) = self.selfAttention.forward(input, around.spans, bias: around.bias, pass)
        var crossAttention: CrossAttentionLayer.Kept?
        if let layer = self.crossAttention, let source = around.source {
            (hidden, crossAttention) = layer.forward(hidden, source.encoded, source.spans, pass)
        }
        let (output, feedForward) = self.feedForward.forward(hidden, around.sequences, pass)
        let kept = Kept(selfAttention: selfAttention, crossAttention: crossAttention, feedForward: feedForward)
        return (output, kept)
    }

    /// Turns `gradient`, that of the output, into that of the input; adds to that of the encoder's output.
    func backward(
        _ gradient: FloatRows,
        _ kept: Kept,
        _ around: Surroundings,
        encodedGradient: FloatRows?,
        _ pass: Pass
    ) {
        feedForward.backward(gradient, kept.feedForward, pass)
        if let layer = crossAttention, let cross = kept.crossAttention, let encodedGradient {
            layer.backward(gradient, cross, encodedGradient: encodedGradient, pass)
        }
        selfAttention.backward(gradient, kept.selfAttention, bias: around.bias, pass)
    }
}
