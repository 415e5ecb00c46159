import SwitchModel
import Tensors

/// The whole model as layers over one set of parameters: an encoder and a decoder, or a decoder alone.
package struct ModelLayers {
    package let shape: ModelShape
    /// Where each parameter lies in buffers of values and of gradients.
    package let layout: ParameterLayout
    private let embedding: EmbeddingLayer
    /// The decoder's; the same one where there is one table.
    private let decoderEmbedding: EmbeddingLayer
    private let encoder: StackLayers?
    private let decoder: StackLayers
    private let head: LossHead

    /// Lays out the parameters of all layers.
    ///
    /// Their order is that of the buffers in a checkpoint of a run: another order would read one wrongly.
    package init(_ shape: ModelShape) {
        var layout = ParameterLayout(frozen: shape.frozen)
        let configuration = shape.configuration
        let (vocabulary, model) = (configuration.vocabularySize, configuration.modelWidth)
        let names = shape.hasTableOfEachStack ? ModelShape.tablesOfStacks : [ModelShape.sharedTable]
        let tables = names.map { name in
            layout.add(name, [vocabulary, model], .embedding, deviation: shape.initialization.embedding)
        }
        embedding = EmbeddingLayer(weight: tables[0])
        decoderEmbedding = EmbeddingLayer(weight: tables[tables.count - 1])
        let hasEncoder = configuration.architecture == .encoderDecoder
        encoder = hasEncoder ? StackLayers(.encoder, looksAcross: false, &layout, shape) : nil
        decoder = StackLayers(.decoder, looksAcross: hasEncoder, &layout, shape)
        let root = Float(model).squareRoot()
        var headWeight = tables[0]
        if configuration.hasOwnHead {
            let deviation = shape.initialization.head / root
            headWeight = layout.add(ModelShape.head, [vocabulary, model], .head, deviation: deviation)
        }
        head = LossHead(Weight(headWeight), scale: configuration.scalesDecoderOutput ? 1 / root : 1)
        self.shape = shape
        self.layout = layout
    }

    /// What one pass over some examples remembers for the way back.
    struct Kept {
        fileprivate var tokens: (source: [Int32], inputs: [Int32])
        fileprivate var labels: [Int32]
        fileprivate var encoded: FloatRows?
        fileprivate var encoder: StackLayers.Kept?
        fileprivate var states: FloatRows
        fileprivate var decoder: StackLayers.Kept
    }

    /// Those of all sparse layers, in the order they run.
    var experts: [ExpertLayers] { (encoder?.experts ?? []) + decoder.experts }

    /// The loss of the examples that went forward; ends the pass.
    func loss(_ kept: Kept, _ pass: Pass) -> LossSum {
        var loss = head.loss(kept.states, kept.labels, pass)
        loss.router = pass.routerLoss
        return loss
    }

    /// The loss of the examples that went forward; adds the gradients of `weight` times its sum, and of the router losses,
    /// to those of the pass, and ends it.
    func addGradients(_ kept: Kept, weight: Double, _ pass: Pass) -> LossSum {
        var (loss, gradient) = head.lossAndGradient(kept.states, kept.labels, weight: Float(weight), pass)
        loss.router = pass.routerLoss
        let encodedGradient = kept.encoded.map { pass.arena.zeros($0.rows, $0.columns) }
        let embedded = decoder.backward(gradient, kept.decoder, encodedGradient: encodedGradient, pass)
        decoderEmbedding.backward(embedded, kept.tokens.inputs, pass)
        if let encoder, let encoderKept = kept.encoder, let encodedGradient {
            let embedded = encoder.backward(encodedGradient, encoderKept, encodedGradient: nil, pass)
            embedding.backward(embedded, kept.tokens.source, pass)
        }
        return loss
    }

    /// Takes some examples up to the decoder's states.
    ///
    /// - Precondition: there is an example.
    func forward(_ examples: ArraySlice<Example>, _ pass: Pass) -> Kept {
        let tokens = tokens(examples)
        let sequences = Self.ranges(examples.map(\.inputs.count))
        var encoded: FloatRows?
        var encoderKept: StackLayers.Kept?
        var source: StackLayers.Source?
        if let encoder {
            let sources = Self.ranges(examples.map(\.source.count))
            let (output, kept) = encoder.forward(embedding.forward(tokens.source, pass), sources, nil, pass)
            (encoded, encoderKept) = (output, kept)
            let spans = zip(sequences, sources).map { AttentionSpan(queries: $0, keys: $1) }
            source = StackLayers.Source(encoded: output, spans: spans)
        }
        let embedded = decoderEmbedding.forward(tokens.inputs, pass)
        let (states, decoderKept) = decoder.forward(embedded, sequences, source, pass)
        return Kept(
            tokens: tokens,
            labels: examples.flatMap(\.labels),
            encoded: encoded,
            encoder: encoderKept,
            states: states,
            decoder: decoderKept
        )
    }

    private func tokens(_ examples: ArraySlice<Example>) -> (source: [Int32], inputs: [Int32]) {
        (examples.flatMap(\.source), examples.flatMap(\.inputs))
    }

    /// Sequences of these lengths laid end to end.
    private static func ranges(_ lengths: [Int]) -> [Range<Int>] {
        var start = 0
        return lengths.map { length in
            defer { start += length }
            return start..<start + length
        }
    }
}
