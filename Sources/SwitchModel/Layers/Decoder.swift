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

    /// One, or one for each block.
    private let biases: [RelativePositionBias]
    private let blocks: [Block]
    private let norm: RMSNorm

    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let scopes = (0..<context.configuration.decoderLayers).map { weights["block"]["\($0)"]["layer"] }
        biases = try RelativePositionBias.all(scopes.map { $0["0"]["SelfAttention"] }, in: .decoder, context)
        var blocks: [Block] = []
        let looksAcross = context.configuration.architecture == .encoderDecoder
        for (index, layers) in scopes.enumerated() {
            let (attention, feedForward) = (layers["0"], layers[context.configuration.feedForwardLayer(in: .decoder)])
            let crossContext = context.within(layers["1"].fullName(""))
            blocks.append(
                Block(
                    selfAttention: try SelfAttention(attention, context.within(attention.fullName(""))),
                    crossAttention: looksAcross ? try CrossAttention(layers["1"], crossContext) : nil,
                    feedForward: try FeedForward(
                        feedForward,
                        in: .decoder,
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

    /// Leaves the keys and values of encoded prompts, laid end to end, where `states` have room for them.
    func storePrompts(_ encoded: Matrix, for states: [DecoderState], in pool: KeyValuePool, _ workspace: Workspace) {
        let rows = states.flatMap { state in (0..<state.promptRows.count).map { state.promptRow($0) } }
        var loaded: WeightPrecision?
        for (layer, block) in blocks.enumerated() {
            guard let attention = block.crossAttention else { continue }
            if attention.precision != loaded {
                workspace.input.load(encoded, as: attention.precision, on: workspace.workers)
                loaded = attention.precision
            }
            attention.store(workspace.input, in: pool, layer: layer, at: rows, workspace)
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
            let bias = biases.count > 1 ? biases[layer] : biases[0]
            block.selfAttention.decode(hidden, rows, in: pool, layer: layer, bias: bias, workspace)
            block.crossAttention?(hidden, rows, in: pool, layer: layer, workspace)
            block.feedForward(hidden, sharing, &routing, workspace)
        }
    }

    func finish(_ hidden: Matrix) {
        norm(hidden, into: hidden)
    }
}
