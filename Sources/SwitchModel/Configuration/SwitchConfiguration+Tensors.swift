extension SwitchConfiguration {
    /// Every tensor of such a model, by its name in the Hugging Face layout, and its shape; embeddings as `shared.weight` alone.
    package var tensorShapes: [String: [Int]] {
        var shapes = ["shared.weight": [vocabularySize, modelWidth]]
        for stack in Stack.allCases where layers(in: stack) > 0 {
            shapes["\(stack.rawValue).final_layer_norm.weight"] = [modelWidth]
            for block in 0..<layers(in: stack) { add(block, of: stack, to: &shapes) }
        }
        if architecture.hasDecoder, !tieWordEmbeddings { shapes["lm_head.weight"] = [vocabularySize, modelWidth] }
        return shapes
    }

    private func add(_ block: Int, of stack: Stack, to shapes: inout [String: [Int]]) {
        let path = "\(stack.rawValue).block.\(block).layer"
        func addAttention(_ name: String) {
            for projection in ["q", "k", "v"] {
                shapes["\(path).\(name).\(projection).weight"] = [attentionWidth, modelWidth]
            }
            shapes["\(path).\(name).o.weight"] = [modelWidth, attentionWidth]
        }
        func addFeedForward(_ path: String) {
            for name in feedForward.innerNames { shapes["\(path).\(name).weight"] = [feedForwardWidth, modelWidth] }
            shapes["\(path).wo.weight"] = [modelWidth, feedForwardWidth]
        }
        addAttention("0.SelfAttention")
        if block == 0 || biasInEveryBlock {
            shapes["\(path).0.SelfAttention.relative_attention_bias.weight"] = [relativeBuckets, heads]
        }
        let looksAcross = stack == .decoder && architecture == .encoderDecoder
        if looksAcross { addAttention("1.EncDecAttention") }
        for index in 0...(looksAcross ? 2 : 1) { shapes["\(path).\(index).layer_norm.weight"] = [modelWidth] }
        let sublayer = "\(path).\(feedForwardLayer(in: stack))"
        guard isSparse(block: block, in: stack) else {
            return addFeedForward("\(sublayer).\(modelType == .switchTransformers ? "mlp" : "DenseReluDense")")
        }
        shapes["\(sublayer).mlp.router.classifier.weight"] = [experts, modelWidth]
        if routerBias { shapes["\(sublayer).mlp.router.classifier.bias"] = [experts] }
        for expert in 0..<experts { addFeedForward("\(sublayer).mlp.experts.expert_\(expert)") }
    }
}
