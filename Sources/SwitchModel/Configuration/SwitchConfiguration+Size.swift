package import Tensors

extension SwitchConfiguration {
    /// Numbers the model is made of, a tied embedding counted once.
    ///
    /// Exact below 2^53, at most that.
    package var parameterCount: Int {
        // In Double: a configuration is only believed once its tensors were found, and may hold any sizes before.
        let attention = 4 * product(modelWidth, attentionWidth) + Double(modelWidth)
        let isPair = architecture == .encoderDecoder
        let attentions = Double(encoderLayers + (isPair ? 2 : 1) * decoderLayers) * attention
        let tables = biasInEveryBlock ? Double(encoderLayers + decoderLayers) : isPair ? 2 : 1
        let rest = tables * product(relativeBuckets, heads) + Double(isPair ? 2 : 1) * Double(modelWidth)
        return Self.clamped(embeddingParameters + attentions + rest + feedForwardParameters)
    }

    /// Embeddings that tokens are looked up in: Switch Transformers without a tied head have one for each stack, T5 has one.
    private var tables: Int {
        architecture == .encoderDecoder && !tieWordEmbeddings && modelType == .switchTransformers ? 2 : 1
    }

    private var embeddingParameters: Double {
        product(vocabularySize, modelWidth) * Double(tables + (hasOwnHead ? 1 : 0))
    }

    /// Those of them that experts hold.
    package var expertParameterCount: Int { Self.clamped(expertParameters) }

    /// What a pool of keys and values looks like, for a model with a decoder.
    package func cacheShape(_ precision: KeyValuePool.Precision) -> KeyValuePool.Shape {
        KeyValuePool.Shape(layers: decoderLayers, heads: heads, headWidth: headWidth, precision: precision)
    }

    /// Memory the weights take, routers in Float32 and embeddings in two bytes at least; about, without paddings.
    package func weightBytes(_ precisions: ModelPrecision) -> Int {
        let precision = precisions.layers
        let embeddings = product(vocabularySize, modelWidth)
        // The head is a linear layer beside the embedding it may be tied to.
        let headBytes = architecture.hasDecoder ? embeddings * precision.head.bytesPerWeight : 0
        let exact = product(sparseLayers, experts) * Double(modelWidth)
        let rounded = Double(parameterCount) - embeddingParameters - exact
        let embeddingBytes = embeddings * Double(tables) * max(precision.bytesPerWeight, 2) + headBytes
        let experts = expertParameters * (precisions.experts.bytesPerWeight - precision.bytesPerWeight)
        return Self.clamped(embeddingBytes + exact * 4 + rounded * precision.bytesPerWeight + experts)
    }

    private var expertParameters: Double { product(sparseLayers, experts) * feedForwardLayer }

    private var feedForwardLayer: Double {
        Double(1 + feedForward.innerFactor) * product(modelWidth, feedForwardWidth)
    }

    /// Mixtures of experts of both stacks.
    package var sparseLayers: Int { sparseBlocks(in: .encoder).count + sparseBlocks(in: .decoder).count }

    private var feedForwardParameters: Double {
        let layers = encoderLayers + decoderLayers
        let router = product(experts, modelWidth) + (routerBias ? Double(experts) : 0)
        return expertParameters + Double(sparseLayers) * router + Double(layers - sparseLayers) * feedForwardLayer
            + product(layers, modelWidth)
    }

    private func product(_ a: Int, _ b: Int) -> Double { Double(a) * Double(b) }

    private static func clamped(_ count: Double) -> Int { Int(min(count, 0x1p53)) }
}
