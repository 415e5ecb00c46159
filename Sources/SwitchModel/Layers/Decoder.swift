import Checkpoints
import Tensors

/// The decoder stack, against caches: the first tokens of a sequence in one pass, the others one step at a time.
struct Decoder {
    private struct Block {
        let selfAttention: SelfAttention
        /// A language model's blocks have none.
        let crossAttention: CrossAttention?
        let feedForward: FeedForward
    }

    private let bias: RelativePositionBias
    private let blocks: [Block]
    private let norm: RMSNorm

    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let scopes = (0..<context.configuration.decoderLayers).map { weights["block"]["\($0)"]["layer"] }
        bias = try RelativePositionBias(weights["block"]["0"]["layer"]["0"]["SelfAttention"], in: .decoder, context)
        var blocks: [Block] = []
        let looksAcross = context.configuration.architecture == .encoderDecoder
        for (index, layers) in scopes.enumerated() {
            blocks.append(
                Block(
                    selfAttention: try SelfAttention(layers["0"], context),
                    crossAttention: looksAcross ? try CrossAttention(layers["1"], context) : nil,
                    feedForward: try FeedForward(layers[looksAcross ? "2" : "1"], in: .decoder, block: index, context)
                )
            )
        }
        self.blocks = blocks
        norm = try RMSNorm(weights["final_layer_norm"], context)
    }

    var layers: Int { blocks.count }

    /// Leaves the keys and values of encoded prompts, laid end to end, where `states` have room for them.
    func storePrompts(_ encoded: Matrix, for states: [DecoderState], in pool: KeyValuePool, _ workspace: Workspace) {
        guard let precision = blocks.first?.crossAttention?.precision else { return }
        workspace.input.load(encoded, as: precision, on: workspace.workers)
        let rows = states.flatMap { state in (0..<state.promptRows.count).map { state.promptRow($0) } }
        for (layer, block) in blocks.enumerated() {
            block.crossAttention?.store(workspace.input, in: pool, layer: layer, at: rows, workspace)
        }
    }

    /// Some blocks of a pass: `hidden`, `[rows, model]`, begins as the embeddings of the tokens of `rows`, of which each
    /// attends to those of its slot that were enqueued before it.
    func run(
        blocks range: Range<Int>,
        _ hidden: Matrix,
        _ rows: DecoderRows,
        _ sharing: RoutingPlan.Sharing,
        in pool: KeyValuePool,
        _ routing: inout RoutingLog,
        _ workspace: Workspace
    ) {
        for layer in range {
            let block = blocks[layer]
            block.selfAttention.decode(hidden, rows, in: pool, layer: layer, bias: bias, workspace)
            block.crossAttention?(hidden, rows, in: pool, layer: layer, workspace)
            block.feedForward(hidden, sharing, &routing, workspace)
        }
    }

    func finish(_ hidden: Matrix) {
        norm(hidden, into: hidden)
    }
}
