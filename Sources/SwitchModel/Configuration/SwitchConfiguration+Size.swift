package import Tensors

extension SwitchConfiguration {
    /// Numbers the model is made of, a tied embedding counted once.
    ///
    /// Exact below 2^53, at most that.
    package var parameterCount: Int {
        // In Double: a configuration is only believed once its tensors were found, and may hold any sizes before.
        // Without a tied head each stack has an embedding of its own.
        let copies = tieWordEmbeddings ? 1 : architecture == .encoderDecoder ? 3 : 2
        let embeddings = product(vocabularySize, modelWidth) * Double(copies)
        let attention = 4 * product(modelWidth, attentionWidth) + Double(modelWidth)
        let hasEncoder = architecture == .encoderDecoder
        let attentions = Double(encoderLayers + (hasEncoder ? 2 : 1) * decoderLayers) * attention
        let rest = Double(hasEncoder ? 2 : 1) * (product(relativeBuckets, heads) + Double(modelWidth))
        return Self.clamped(embeddings + attentions + rest + feedForwardParameters)
    }

    /// Those of them that experts hold.
    package var expertParameterCount: Int { Self.clamped(expertParameters) }

    /// What a pool of keys and values for this model looks like.
    package func cacheShape(_ precision: KeyValuePool.Precision) -> KeyValuePool.Shape {
        KeyValuePool.Shape(layers: decoderLayers, heads: heads, headWidth: headWidth, precision: precision)
    }

    /// Memory the weights take, routers in Float32 and embeddings in two bytes at least; about, without paddings.
    package func weightBytes(_ precisions: ModelPrecision) -> Int {
        let precision = precisions.layers
        let embeddings = product(vocabularySize, modelWidth)
        // The head is a linear layer beside the embedding it may be tied to.
        let looked = embeddings * (tieWordEmbeddings ? 1 : 2)
        let exact = product(sparseLayers, experts) * Double(modelWidth)
        let rounded = Double(parameterCount) + (tieWordEmbeddings ? 0 : -embeddings) - exact - looked
        let embeddingBytes = looked * max(precision.bytesPerWeight, 2) + embeddings * precision.head.bytesPerWeight
        let experts = expertParameters * (precisions.experts.bytesPerWeight - precision.bytesPerWeight)
        return Self.clamped(embeddingBytes + exact * 4 + rounded * precision.bytesPerWeight + experts)
    }

    private var expertParameters: Double { product(sparseLayers, experts) * feedForwardLayer }

    private var feedForwardLayer: Double {
        Double(1 + feedForward.innerFactor) * product(modelWidth, feedForwardWidth)
    }

    private var sparseLayers: Int { sparseBlocks(in: .encoder).count + sparseBlocks(in: .decoder).count }

    private var feedForwardParameters: Double {
        let layers = encoderLayers + decoderLayers
        let router = product(experts, modelWidth) + (routerBias ? Double(experts) : 0)
        return expertParameters + Double(sparseLayers) * router + Double(layers - sparseLayers) * feedForwardLayer
            + product(layers, modelWidth)
    }

    private func product(_ a: Int, _ b: Int) -> Double { Double(a) * Double(b) }

    private static func clamped(_ count: Double) -> Int { Int(min(count, 0x1p53)) }
}
