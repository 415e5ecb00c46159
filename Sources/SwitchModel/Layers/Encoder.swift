import Checkpoints
import Tensors

/// The encoder stack: blocks of self-attention and feed-forward, then a norm.
struct Encoder {
    private struct Block {
        let attention: SelfAttention
        let feedForward: FeedForward
    }

    /// One, or one for each block.
    private let biases: [RelativePositionBias]
    private let blocks: [Block]
    private let norm: RMSNorm

    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let scopes = (0..<context.configuration.encoderLayers).map { weights["block"]["\($0)"]["layer"] }
        biases = try RelativePositionBias.all(scopes.map { $0["0"]["SelfAttention"] }, in: .encoder, context)
        var blocks: [Block] = []
        for (index, layers) in scopes.enumerated() {
            let (attention, feedForward) = (layers["0"], layers[context.configuration.feedForwardLayer(in: .encoder)])
            blocks.append(
                Block(
                    attention: try SelfAttention(attention, context.within(attention.fullName(""))),
                    feedForward: try FeedForward(
                        feedForward,
                        in: .encoder,
                        block: index,
                        context.within(feedForward.fullName(""))
                    )
                )
            )
        }
        self.blocks = blocks
        norm = try RMSNorm(weights["final_layer_norm"], context)
    }

    var layers: Int { blocks.count }

    /// Runs some blocks over `hidden`, `[tokens, model]`, sequences laid end to end.
    func run(
        blocks range: Range<Int>,
        _ hidden: Matrix,
        _ sequences: [Range<Int>],
        _ routing: inout RoutingLog,
        _ workspace: Workspace
    ) {
        for index in range {
            let block = blocks[index]
            let bias = biases.count > 1 ? biases[index] : biases[0]
            block.attention.encode(hidden, sequences: sequences, bias: bias, workspace)
            block.feedForward(hidden, .sequences(sequences), &routing, workspace)
        }
    }

    func finish(_ hidden: Matrix) {
        norm(hidden, into: hidden)
    }
}
