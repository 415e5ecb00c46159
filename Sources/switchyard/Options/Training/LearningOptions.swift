import ArgumentParser
import Training

extension BalanceLoss: ExpressibleByArgument {}
extension BalanceScope: ExpressibleByArgument {}
extension OptimizerSettings.Kind: ExpressibleByArgument {}
extension LearningRate.Decay: ExpressibleByArgument {}
extension TrainingSettings.Precision: ExpressibleByArgument {}

/// How weights are changed, and what keeps them from learning by heart.
struct LearningOptions: ParsableArguments {
    @Option(help: "adamw or adafactor.")
    var optimizer = OptimizerSettings.Kind.adamW

    @Option(help: "The highest learning rate; with adafactor a share of each parameter's scale.")
    var learningRate = 1e-3

    @Option(help: "Steps until the highest learning rate.")
    var warmup = 400

    @Option(help: "The way down after: inverse-sqrt, cosine, linear or constant.")
    var decay = LearningRate.Decay.inverseRoot

    @Option(help: "What a cosine or a line ends at, as a share of the highest rate.")
    var decayFloor = 0.0

    @Option(help: "The embedding's rate as a multiple of the others'. Default: 30 with adamw, 1 with adafactor.")
    var embeddingRate: Float?

    @Option(help: "The same of attention's biases by distance. Default: 30 with adamw, 1 with adafactor.")
    var positionRate: Float?

    @Option(help: "How much of its past Adam's first moment keeps.")
    var firstDecay: Float = 0.9

    @Option(help: "How much of its past Adam's second moment keeps.")
    var secondDecay: Float = 0.98

    @Option(help: "How fast matrices shrink, as a share of the rate.")
    var weightDecay: Float = 0.01

    @Option(help: "Gradients are scaled down to this global norm.")
    var clip = 1.0

    @Option(help: "Dropout of embeddings, of what sublayers add, of attention and of dense feed-forward layers.")
    var dropout: Float = 0.1

    @Option(help: "Dropout inside experts.")
    var expertDropout: Float = 0.1

    @Option(help: "Probability wanted that is spread over the vocabulary.")
    var labelSmoothing: Float = 0.1

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

    // Adam moves every number by the rate, and a row of a table has to go further than the numbers of a matrix: an embedding
    // begins about √width times as large, and a bias alone makes a head look at the token before.
    private static let tableRateOfAdam: Float = 30

    func validate() throws {
        try Limit.check("--warmup", warmup, in: 0...100_000_000)
        let shares: [(String, Double)] = [
            ("--dropout", Double(dropout)), ("--expert-dropout", Double(expertDropout)),
            ("--label-smoothing", Double(labelSmoothing)), ("--jitter", Double(jitter)),
            ("--first-decay", Double(firstDecay)), ("--second-decay", Double(secondDecay)),
            ("--average", average ?? 0), ("--decay-floor", decayFloor),
        ]
        for (flag, value) in shares where !(value >= 0 && value < 1) {
            throw ValidationError("\(flag) is \(value), but must be 0 or more and less than 1")
        }
        let amounts: [(String, Double)] = [
            ("--learning-rate", learningRate), ("--clip", clip), ("--embedding-rate", Double(embeddingRate ?? 1)),
            ("--position-rate", Double(positionRate ?? 1)),
        ]
        for (flag, value) in amounts where !(value > 0 && value.isFinite) {
            throw ValidationError("\(flag) is \(value), but must be more than 0")
        }
        for (flag, value) in [
            ("--weight-decay", weightDecay), ("--balance-loss", balanceLoss), ("--z-loss", zLoss),
        ]
        where !(value >= 0 && value.isFinite) {
            throw ValidationError("\(flag) is \(value), but must be 0 or more")
        }
    }

    /// Sets optimizer, rates, regularization and precision.
    ///
    /// - Parameter steps: where a cosine or a line of the learning rate ends.
    func apply(to settings: inout TrainingSettings, steps: Int) {
        settings.optimizer.kind = optimizer
        (settings.optimizer.firstDecay, settings.optimizer.secondDecay) = (firstDecay, secondDecay)
        (settings.optimizer.weightDecay, settings.optimizer.maximumNorm) = (weightDecay, clip)
        let ofTables = optimizer == .adamW ? Self.tableRateOfAdam : 1
        (settings.optimizer.embeddingRate, settings.optimizer.positionRate) =
            (embeddingRate ?? ofTables, positionRate ?? ofTables)
        (settings.learningRate.peak, settings.learningRate.warmup) = (learningRate, warmup)
        (settings.learningRate.decay, settings.learningRate.floor) = (decay, decayFloor)
        settings.learningRate.lastStep = steps
        (settings.regularization.dropout, settings.regularization.attentionDropout) = (dropout, dropout)
        (settings.regularization.feedForwardDropout, settings.regularization.expertDropout) = (dropout, expertDropout)
        (settings.regularization.labelSmoothing, settings.regularization.jitter) = (labelSmoothing, jitter)
        (settings.regularization.balanceLoss, settings.regularization.balance) = (balanceKind, balanceLoss)
        (settings.regularization.balanceOver, settings.regularization.routerZ) = (balanceOver, zLoss)
        (settings.averageDecay, settings.precision) = (average, precision)
    }
}
