/// What a run takes of memory, by part, in bytes; told before the first step.
///
/// Activations are those of a full batch of the longest examples: a run has no more, and mostly less.
package struct MemoryNeed: Equatable, Sendable {
    /// Values, and what they are rounded to and averaged as.
    package var weights = 0
    /// Of every worker.
    package var gradients = 0
    /// What the optimizer remembers.
    package var optimizer = 0
    /// What a pass keeps for the way back, in every worker.
    package var activations = 0
    /// What judging and writing the model take beside: weights as the engine that serves has them.
    package var judging = 0

    /// All parts together.
    package var total: Int { weights + gradients + optimizer + activations + judging }

    /// The parts, in the order they are told.
    package var parts: [(name: String, bytes: Int)] {
        [
            ("weights", weights), ("gradients", gradients), ("optimizer", optimizer), ("activations", activations),
            ("judging", judging),
        ]
    }

    /// What else decides it, beside settings and model.
    package struct Circumstances: Sendable {
        /// Tokens of the longest example, its source and its inputs.
        package var longest: Int
        /// Tokens of all examples together.
        package var all: Int
        /// Processes that train together.
        package var ranks: Int
        /// Whether answers are scored beside references.
        package var judgesAnswers: Bool

        /// - Parameter lengths: tokens of every example, those to judge by included.
        package init(lengths: [Int], ranks: Int, judgesAnswers: Bool) {
            (longest, all) = (lengths.max() ?? 1, lengths.reduce(0, +))
            (self.ranks, self.judgesAnswers) = (ranks, judgesAnswers)
        }
    }

    private static let float = MemoryLayout<Float>.size

    /// That of one process.
    package init(_ settings: TrainingSettings, _ shape: ModelShape, _ around: Circumstances) {
        let layout = ModelLayers(shape).layout
        let share = ParameterShare(layout, rank: 0, ranks: around.ranks)
        let kept = share.kept.reduce(0) { $0 + $1.count }
        let copies = 1 + (settings.precision == .float32 ? 0 : 1) + (settings.averageDecay == nil ? 0 : 1)
        weights = kept * copies * Self.float
        let own = max(settings.workers / around.ranks, 1)
        let (common, experts) = (share.common.reduce(0) { $0 + $1.count }, share.experts.reduce(0) { $0 + $1.count })
        gradients = (common * own + experts * max(settings.workers, own)) * Self.float
        for parameter in layout.parameters where share.learns(parameter) {
            switch settings.optimizer.kind {
            case .adamW: optimizer += 2 * parameter.count * Self.float
            // Means, and what the step makes of them.
            case .adafactor: optimizer += 2 * (parameter.rows + parameter.columns) * Self.float
            }
        }
        let tokens = min(max(settings.batchTokens, around.longest), around.all) / around.ranks
        let floats = ActivationCount(shape, settings.regularization, longest: around.longest)
        activations = floats.total(tokens: max(tokens, around.longest), workers: own) * Self.float
        // One tensor at a time is on its way to a file, as numbers and as bytes.
        let largest = (layout.parameters.map(\.count).max() ?? 0) * 2 * Self.float
        let gathered = around.ranks > 1 ? layout.count * Self.float : 0
        judging = max(largest, around.judgesAnswers ? layout.count * Self.float : 0) + gathered
    }
}
