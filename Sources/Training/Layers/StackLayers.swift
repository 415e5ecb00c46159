import SwitchModel
import Tensors

/// The blocks of the encoder or the decoder, from embedded tokens to normalized states.
struct StackLayers {
    struct Kept {
        /// What one block remembers for the way back.
        fileprivate enum Block {
            case activations(BlockLayers.Kept)
            /// Only what it was given, and where its random numbers begin (Chen and others, 2016).
            case input(FloatRows, Pass.Place)
        }

        fileprivate var blocks: [Block] = []
        fileprivate var around: BlockLayers.Surroundings
        fileprivate var last: FloatRows
        fileprivate var keys: (first: UInt64, last: UInt64)
    }

    /// What a decoder looks at besides itself.
    struct Source {
        var encoded: FloatRows
        var spans: [AttentionSpan]
    }

    private let blocks: [BlockLayers]
    private let norm: NormLayer
    private let recomputes: Bool

    /// - Parameter looksAcross: whether blocks attend to an encoder's output.
    init(_ stack: SwitchConfiguration.Stack, looksAcross: Bool, _ layout: inout ParameterLayout, _ shape: ModelShape) {
        var blocks: [BlockLayers] = []
        for block in 0..<shape.configuration.layers(in: stack) {
            blocks.append(BlockLayers(block, in: stack, looksAcross: looksAcross, &layout, shape))
        }
        self.blocks = blocks
        norm = NormLayer("\(stack.rawValue).final_layer_norm", &layout, shape)
        recomputes = shape.recomputes
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
        let first = pass.noise.next()
        embedded.drop(rate: pass.regularization.dropout, key: first)
        let around = BlockLayers.Surroundings(
            sequences: sequences,
            spans: sequences.map { AttentionSpan(queries: $0, keys: $0) },
            bias: positionBias.table(reach: sequences.map(\.count).max() ?? 1, pass),
            source: source
        )
        var kept = Kept(around: around, last: embedded, keys: (first, 0))
        for block in blocks {
            let (output, own) = forward(block, kept.last, around, pass)
            kept.blocks.append(own)
            kept.last = output
        }
        let output = norm.forward(kept.last, pass)
        kept.keys.last = pass.noise.next()
        output.drop(rate: pass.regularization.dropout, key: kept.keys.last)
        return (output, kept)
    }

    private func forward(
        _ block: BlockLayers,
        _ input: FloatRows,
        _ around: BlockLayers.Surroundings,
        _ pass: Pass
    ) -> (output: FloatRows, kept: Kept.Block) {
        guard recomputes else {
            let (output, kept) = block.forward(input, around, pass)
            return (output, .activations(kept))
        }
        let (place, output) = (pass.place, pass.arena.rows(input.rows, input.columns))
        pass.withoutTraces { output.copy(block.forward(input, around, pass).output) }
        return (output, .input(input, place))
    }

    /// Returns the gradient of the embedded tokens; overwrites `gradient`, that of the output.
    func backward(_ gradient: FloatRows, _ kept: Kept, encodedGradient: FloatRows?, _ pass: Pass) -> FloatRows {
        gradient.drop(rate: pass.regularization.dropout, key: kept.keys.last)
        let hidden = pass.arena.zeros(gradient.rows, gradient.columns)
        norm.backward(gradient, input: kept.last, into: hidden, pass)
        for (block, own) in zip(blocks, kept.blocks).reversed() {
            switch own {
            case .activations(let own): block.backward(hidden, own, kept.around, encodedGradient: encodedGradient, pass)
            case .input(let input, let place):
                pass.withoutTraces {
                    let (_, own) = pass.again(from: place) { block.forward(input, kept.around, pass) }
                    block.backward(hidden, own, kept.around, encodedGradient: encodedGradient, pass)
                }
            }
        }
        blocks.first?.selfAttention.bias?.addGradient(kept.around.bias, pass)
        hidden.drop(rate: pass.regularization.dropout, key: kept.keys.first)
        return hidden
    }
}
