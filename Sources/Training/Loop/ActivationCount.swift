import SwitchModel

/// How many numbers a pass over a batch keeps until it is over: those of layers on their way forward and back.
///
/// Follows the layers piece by piece, and takes all sequences to be as long as the longest.
struct ActivationCount {
    private let shape: ModelShape
    private let configuration: SwitchConfiguration
    private let dropsAttention: Bool
    private let longest: Int

    init(_ shape: ModelShape, _ regularization: Regularization, longest: Int) {
        (self.shape, configuration, self.longest) = (shape, shape.configuration, longest)
        dropsAttention = regularization.attentionDropout > 0
    }

    /// - Parameters:
    ///   - tokens: of the batch, sources and inputs.
    ///   - workers: which share them.
    func total(tokens: Int, workers: Int) -> Int {
        let stacks = SwitchConfiguration.Stack.allCases.map { stack(in: $0) }
        let perToken = configuration.architecture == .encoderDecoder ? max(stacks[0], stacks[1]) : stacks[1]
        // Rows of logits that are in memory at once.
        let head = min(256, tokens) * configuration.vocabularySize * workers
        // The arena's blocks, of which the last may be nearly empty.
        return tokens * perToken + head + (workers << 22)
    }

    /// Of one token that goes through a stack.
    private func stack(in stack: SwitchConfiguration.Stack) -> Int {
        let blocks = (0..<configuration.layers(in: stack)).map {
            block(isSparse: configuration.isSparse(block: $0, in: stack), stack)
        }
        let width = configuration.modelWidth
        let edges = 8 * width
        guard shape.recomputes else { return blocks.reduce(edges, +) }
        return edges + blocks.count * width + (blocks.max() ?? 0)
    }

    private func block(isSparse: Bool, _ stack: SwitchConfiguration.Stack) -> Int {
        let (width, attended) = (configuration.modelWidth, configuration.attentionWidth)
        let looksAcross = stack == .decoder && configuration.architecture == .encoderDecoder
        // Probabilities and their gradients, and both once more where some are dropped.
        let scores = configuration.heads * longest * (dropsAttention ? 4 : 2)
        let attention = 4 * width + 8 * attended + scores
        return attention * (looksAcross ? 2 : 1) + (isSparse ? sparse : dense + 3 * width)
    }

    /// What one token leaves in a feed-forward layer or an expert.
    private var dense: Int {
        let kind = configuration.feedForward
        let inner = kind == FeedForwardKind() ? 2 : 2 * (1 + kind.innerFactor)
        return inner * configuration.feedForwardWidth + 2 * configuration.modelWidth
    }

    private var sparse: Int {
        let width = configuration.modelWidth
        return configuration.choices * (dense + 2 * width) + 7 * width + 4 * configuration.experts
    }
}
