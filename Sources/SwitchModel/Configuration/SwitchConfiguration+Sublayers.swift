extension SwitchConfiguration {
    /// What the product with the vocabulary is called among sublayers.
    package static let head = "head"

    /// What checkpoints call the feed-forward layer within a block of `stack`: the last one.
    func feedForwardLayer(in stack: Stack) -> String {
        stack == .decoder && architecture == .encoderDecoder ? "2" : "1"
    }

    /// What checkpoints call a dense feed-forward within its sublayer.
    package var denseFeedForward: String { modelType == .switchTransformers ? "mlp" : "DenseReluDense" }

    /// Every attention and feed-forward of the stacks there are, as checkpoints name them, and the head, in the order they run.
    package var sublayers: [String] {
        func names(_ stack: Stack, _ sublayers: Int) -> [String] {
            (0..<layers(in: stack)).flatMap { block in
                (0..<sublayers).map { "\(stack.rawValue).block.\(block).layer.\($0)" }
            }
        }
        switch architecture {
        case .encoderDecoder: return names(.encoder, 2) + names(.decoder, 3) + [Self.head]
        case .decoderOnly: return names(.decoder, 2) + [Self.head]
        case .encoderOnly: return names(.encoder, 2)
        }
    }
}
