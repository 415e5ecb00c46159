import ArgumentParser
import Training

/// The sizes of the model that is trained.
struct TrainedModelOptions: ParsableArguments {
    @Option(
        help: """
            A model directory to go on from, as serve reads it: sizes, vocabulary and settings of generation are its own. \
            Default: a model is trained from nothing.
            """
    )
    var from: String?

    @Option(
        help:
            "Of a dense model --from: have it begin as a sparse one, with so many experts that each are its dense layer."
    )
    var upcycleExperts: Int?

    @Option(help: "Width of the model.")
    var width = 256

    @Option(help: "Width between the products of a feed-forward layer or an expert.")
    var feedForward = 512

    @Option(help: "Attention heads.")
    var heads = 8

    @Option(help: "Width of an attention head.")
    var headWidth = 32

    @Option(help: "Encoder blocks; a language model has none.")
    var encoderLayers = 4

    @Option(help: "Decoder blocks.")
    var decoderLayers = 4

    @Option(help: "Every how many blocks one is sparse; 0 for a dense model.")
    var sparseStep = 2

    @Option(help: "Experts of a sparse block.")
    var experts = 8

    @Option(help: "Experts that each token goes to.")
    var choices = 1

    @Option(help: "How many times its even share of a batch an expert takes. Default: --expert-capacity of a sequence.")
    var capacityFactor: Double?

    @Option(help: "Tokens of a sequence that an expert takes.")
    var expertCapacity = 64

    @Option(help: "Buckets of distances that attention tells apart.")
    var relativeBuckets = 32

    @Option(help: "The distance from which on they are one.")
    var relativeMaxDistance = 128

    @Flag(help: "The head is the embedding.")
    var tied = false

    @Option(help: "Standard deviation that embeddings start with.")
    var embeddingDeviation: Float = 1

    @Option(help: "The same of a head of its own, times the inverse root of the width.")
    var headDeviation: Float = 1

    @Option(help: "The same of matrices, times what keeps the scale of their input.")
    var matrixDeviation: Float = 1

    @Option(help: "The same of routers, times the inverse root of the width.")
    var routerDeviation: Float = 0.3

    func validate() throws {
        if from != nil, !hasDefaultSizes {
            throw ValidationError(
                "with --from the sizes are the model's own: of the flags here only --capacity-factor goes with it, and where a "
                    + "dense model becomes sparse --sparse-step, --choices and --expert-capacity"
            )
        }
        if let upcycleExperts {
            guard from != nil else { throw ValidationError("--upcycle-experts needs a dense model --from") }
            try Limit.check("--upcycle-experts", upcycleExperts, in: 2...65_536)
            try Limit.check("--choices", choices, in: 1...upcycleExperts)
        }
        let sizes = [
            ("--width", width), ("--feed-forward", feedForward), ("--heads", heads), ("--head-width", headWidth),
            ("--decoder-layers", decoderLayers), ("--encoder-layers", encoderLayers), ("--experts", experts),
            ("--expert-capacity", expertCapacity),
        ]
        for (flag, value) in sizes { try Limit.check(flag, value, in: 1...65_536) }
        if upcycleExperts == nil { try Limit.check("--choices", choices, in: 1...experts) }
        try Limit.check("--sparse-step", sparseStep, in: 0...1024)
        try Limit.check("--relative-buckets", relativeBuckets, in: 4...65_536)
        try Limit.check("--relative-max-distance", relativeMaxDistance, in: relativeBuckets / 2 + 1...1_000_000)
        for (flag, value) in [
            ("--embedding-deviation", embeddingDeviation), ("--head-deviation", headDeviation),
            ("--matrix-deviation", matrixDeviation), ("--router-deviation", routerDeviation),
        ] where !(value > 0 && value <= 100) {
            throw ValidationError("\(flag) is \(value), but must be more than 0 and at most 100")
        }
        if let capacityFactor, !(capacityFactor > 0 && capacityFactor <= 1000) {
            throw ValidationError("--capacity-factor is \(capacityFactor), but must be more than 0 and at most 1000")
        }
    }

    /// How a dense model becomes sparse; nil where it stays as it is.
    ///
    /// - Parameter seed: what routers are drawn by.
    func upcycling(seed: UInt64) -> Upcycling? {
        upcycleExperts.map {
            Upcycling(experts: $0, sparseStep: sparseStep, choices: choices, expertCapacity: expertCapacity, seed: seed)
        }
    }

    private var hasDefaultSizes: Bool {
        guard let defaults = try? TrainedModelOptions.parse([]) else { return false }
        var sizes = settings(.pairs)
        sizes.capacityFactor = nil
        if upcycleExperts != nil {
            (sizes.sparseStep, sizes.choices) = (defaults.sparseStep, defaults.choices)
            sizes.expertCapacity = defaults.expertCapacity
        }
        return sizes == defaults.settings(.pairs)
    }

    /// The sizes as a run keeps them.
    ///
    /// - Parameter task: a language model is a decoder alone, all else has an encoder.
    func settings(_ task: DataSettings.Task) -> ModelSettings {
        var settings = ModelSettings()
        settings.architecture = task == .languageModel ? .decoderOnly : .encoderDecoder
        (settings.modelWidth, settings.feedForwardWidth) = (width, feedForward)
        (settings.heads, settings.headWidth) = (heads, headWidth)
        (settings.encoderLayers, settings.decoderLayers) = (encoderLayers, decoderLayers)
        (settings.sparseStep, settings.experts, settings.choices) = (sparseStep, experts, choices)
        (settings.expertCapacity, settings.capacityFactor) = (expertCapacity, capacityFactor)
        (settings.relativeBuckets, settings.relativeMaxDistance) = (relativeBuckets, relativeMaxDistance)
        settings.isTied = tied
        settings.initialization.embedding = embeddingDeviation
        settings.initialization.head = headDeviation
        settings.initialization.matrices = matrixDeviation
        settings.initialization.router = routerDeviation
        return settings
    }
}
