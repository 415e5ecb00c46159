import Training

/// How weights are learnt where nobody says otherwise: from nothing, or from a model that knows something already.
struct LearningDefaults {
    var optimizer = OptimizerSettings.Kind.adamW
    var rate = 1e-3
    var warmup = 400
    var decay = LearningRate.Decay.inverseRoot
    var weightDecay: Float = 0.01
    var dropout: Float = 0.1
    var expertDropout: Float = 0.1
    var labelSmoothing: Float = 0.1
    /// Of embeddings and of biases by distance, as a multiple of the others'.
    var tableRate: Float = 1

    // Adam moves every number by the rate, and a row of a table that begins anew has to go further than the numbers of a
    // matrix: an embedding begins about √width times as large, and a bias alone makes a head look at the token before.
    private static let tableRateOfAdam: Float = 30

    /// - Parameter optimizer: the one that is asked for; nil for the default one.
    static func fromNothing(_ optimizer: OptimizerSettings.Kind?) -> LearningDefaults {
        var defaults = LearningDefaults()
        defaults.optimizer = optimizer ?? .adamW
        defaults.tableRate = defaults.optimizer == .adamW ? tableRateOfAdam : 1
        return defaults
    }

    /// Those of Fedus and others (2021), §2.4, and of Raffel and others (2020), §3.1.2.
    static func fineTuning(_ optimizer: OptimizerSettings.Kind?) -> LearningDefaults {
        var defaults = LearningDefaults()
        defaults.optimizer = optimizer ?? .adafactor
        defaults.rate = defaults.optimizer == .adafactor ? 1e-3 : 1e-4
        (defaults.warmup, defaults.decay) = (0, .constant)
        (defaults.weightDecay, defaults.labelSmoothing) = (0, 0)
        (defaults.dropout, defaults.expertDropout) = (0.1, 0.4)
        return defaults
    }

    /// Why fine-tuning has defaults of its own, by the flag.
    static let reasons: [(flag: String, reason: String)] = [
        ("optimizer", "it keeps a row and a column of second moments for a matrix, not two numbers for each weight"),
        (
            "learning-rate",
            "with adafactor a share of each weight's scale, as T5 was fine-tuned; with adamw a tenth of it"
        ),
        ("warmup", "nothing is far from where it belongs at the start"),
        ("decay", "T5 and Switch Transformers were fine-tuned at a constant rate"),
        ("weight-decay", "what the model knows is not to fade"),
        ("label-smoothing", "the model was trained without, as far as is known of its family"),
        ("dropout", "Fedus and others 2021, section 2.4: little outside experts"),
        ("expert-dropout", "the same: experts see few examples each and learn them by heart"),
        ("embedding-rate", "tables begin where they belong"),
    ]
}
