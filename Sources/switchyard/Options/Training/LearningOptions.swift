import ArgumentParser
import Training

extension BalanceLoss: ExpressibleByArgument {}
extension BalanceScope: ExpressibleByArgument {}
extension OptimizerSettings.Kind: ExpressibleByArgument {}
extension LearningRate.Decay: ExpressibleByArgument {}
extension TrainingSettings.Precision: ExpressibleByArgument {}
extension ParameterGroup: ExpressibleByArgument {}

/// How weights are changed, and what keeps them from learning by heart.
struct LearningOptions: ParsableArguments {
    @Option(help: "adamw or adafactor. Default: adamw; with --from adafactor.")
    var optimizer: OptimizerSettings.Kind?

    @Option(
        help: """
            The highest learning rate; with adafactor a share of each parameter's scale. Default: 0.001; with --from and adamw \
            0.0001.
            """
    )
    var learningRate: Double?

    @Option(help: "Steps until the highest learning rate. Default: 400; with --from 0.")
    var warmup: Int?

    @Option(
        help:
            "The way down after: inverse-sqrt, cosine, linear or constant. Default: inverse-sqrt; with --from constant."
    )
    var decay: LearningRate.Decay?

    @Option(help: "What a cosine or a line ends at, as a share of the highest rate.")
    var decayFloor = 0.0

    @Option(
        help: "The embedding's rate as a multiple of the others'. Default: 30 with adamw, 1 with adafactor or --from."
    )
    var embeddingRate: Float?

    @Option(help: "The same of attention's biases by distance. Default: 30 with adamw, 1 with adafactor or --from.")
    var positionRate: Float?

    @Option(help: "How much of its past Adam's first moment keeps.")
    var firstDecay: Float = 0.9

    @Option(help: "How much of its past Adam's second moment keeps.")
    var secondDecay: Float = 0.98

    @Option(help: "How fast matrices shrink, as a share of the rate. Default: 0.01; with --from 0.")
    var weightDecay: Float?

    @Option(help: "Gradients are scaled down to this global norm.")
    var clip = 1.0

    @Option(
        help:
            "Dropout of embeddings, of what sublayers add, of attention and of dense feed-forward layers. Default: 0.1."
    )
    var dropout: Float?

    @Option(help: "Dropout inside experts. Default: 0.1; with --from 0.4.")
    var expertDropout: Float?

    @Option(help: "Probability wanted that is spread over the vocabulary. Default: 0.1; with --from 0.")
    var labelSmoothing: Float?

    @Option(help: "The router's input is multiplied by numbers this far around 1.")
    var jitter: Float = 0.01

    @Option(help: "The load-balancing loss: switch, or squared for the squared variation of the experts' gates.")
    var balanceKind = BalanceLoss.switch

    @Option(help: "What experts are balanced over: each worker's part of a batch, or the whole batch. part or batch.")
    var balanceOver = BalanceScope.part

    @Option(help: "Weight of the load-balancing loss.")
    var balanceLoss: Float = 0.01

    @Option(help: "Weight of the router z-loss.")
    var zLoss: Float = 0.001

    @Option(help: "How much of its past an average of the weights keeps, which is then judged and kept. Default: none.")
    var average: Double?

    @Option(help: "What matrices are rounded to in products: f32 or bf16.")
    var precision = TrainingSettings.Precision.float32

    @Option(
        help: """
            What is not learnt: embeddings, head, encoder, decoder, attention, feed-forward, experts, routers or norms. May be \
            repeated.
            """
    )
    var freeze: [ParameterGroup] = []

    func validate() throws {
        try Limit.check("--warmup", warmup ?? 0, in: 0...100_000_000)
        let shares: [(String, Double)] = [
            ("--dropout", Double(dropout ?? 0)), ("--expert-dropout", Double(expertDropout ?? 0)),
            ("--label-smoothing", Double(labelSmoothing ?? 0)), ("--jitter", Double(jitter)),
            ("--first-decay", Double(firstDecay)), ("--second-decay", Double(secondDecay)),
            ("--average", average ?? 0), ("--decay-floor", decayFloor),
        ]
        for (flag, value) in shares where !(value >= 0 && value < 1) {
            throw ValidationError("\(flag) is \(value), but must be 0 or more and less than 1")
        }
        let amounts: [(String, Double)] = [
            ("--learning-rate", learningRate ?? 1), ("--clip", clip), ("--embedding-rate", Double(embeddingRate ?? 1)),
            ("--position-rate", Double(positionRate ?? 1)),
        ]
        for (flag, value) in amounts where !(value > 0 && value.isFinite) {
            throw ValidationError("\(flag) is \(value), but must be more than 0")
        }
        for (flag, value) in [
            ("--weight-decay", weightDecay ?? 0), ("--balance-loss", balanceLoss), ("--z-loss", zLoss),
        ]
        where !(value >= 0 && value.isFinite) {
            throw ValidationError("\(flag) is \(value), but must be 0 or more")
        }
    }

    /// Sets optimizer, rates, regularization, precision and what is not learnt.
    ///
    /// - Parameters:
    ///   - steps: where a cosine or a line of the learning rate ends.
    ///   - isFineTuning: whether the run begins with a model.
    func apply(to settings: inout TrainingSettings, steps: Int, isFineTuning: Bool) {
        let defaults = self.defaults(isFineTuning: isFineTuning)
        settings.optimizer.kind = defaults.optimizer
        (settings.optimizer.firstDecay, settings.optimizer.secondDecay) = (firstDecay, secondDecay)
        settings.optimizer.weightDecay = weightDecay ?? defaults.weightDecay
        settings.optimizer.maximumNorm = clip
        settings.optimizer.embeddingRate = embeddingRate ?? defaults.tableRate
        settings.optimizer.positionRate = positionRate ?? defaults.tableRate
        settings.learningRate.peak = learningRate ?? defaults.rate
        settings.learningRate.warmup = warmup ?? defaults.warmup
        (settings.learningRate.decay, settings.learningRate.floor) = (decay ?? defaults.decay, decayFloor)
        settings.learningRate.lastStep = steps
        let dropout = self.dropout ?? defaults.dropout
        (settings.regularization.dropout, settings.regularization.attentionDropout) = (dropout, dropout)
        settings.regularization.feedForwardDropout = dropout
        settings.regularization.expertDropout = expertDropout ?? defaults.expertDropout
        settings.regularization.labelSmoothing = labelSmoothing ?? defaults.labelSmoothing
        settings.regularization.jitter = jitter
        (settings.regularization.balanceLoss, settings.regularization.balance) = (balanceKind, balanceLoss)
        (settings.regularization.balanceOver, settings.regularization.routerZ) = (balanceOver, zLoss)
        (settings.averageDecay, settings.precision) = (average, precision)
        settings.frozen = freeze.isEmpty ? nil : freeze
    }

    private func defaults(isFineTuning: Bool) -> LearningDefaults {
        isFineTuning ? .fineTuning(optimizer) : .fromNothing(optimizer)
    }

    /// What fine-tuning sets that nobody asked for, and why: a line each.
    var fineTuningReasons: [String] {
        let defaults = self.defaults(isFineTuning: true)
        let chosen: [String: String?] = [
            "optimizer": optimizer == nil ? defaults.optimizer.rawValue : nil,
            "learning-rate": learningRate == nil ? "\(defaults.rate)" : nil,
            "warmup": warmup == nil ? "\(defaults.warmup)" : nil,
            "decay": decay == nil ? defaults.decay.rawValue : nil,
            "weight-decay": weightDecay == nil ? "\(defaults.weightDecay)" : nil,
            "label-smoothing": labelSmoothing == nil ? "\(defaults.labelSmoothing)" : nil,
            "dropout": dropout == nil ? "\(defaults.dropout)" : nil,
            "expert-dropout": expertDropout == nil ? "\(defaults.expertDropout)" : nil,
            "embedding-rate": embeddingRate == nil ? "\(defaults.tableRate)" : nil,
        ]
        return LearningDefaults.reasons.compactMap { flag, reason in
            (chosen[flag] ?? nil).map { "--\(flag) \($0): \(reason)" }
        }
    }
}
