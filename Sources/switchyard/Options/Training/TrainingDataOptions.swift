import ArgumentParser
import Tokenization
import Training

extension DataSettings.Task: ExpressibleByArgument {}
extension TextCleaning.Normalization: ExpressibleByArgument {}
extension VocabularyTraining.Kind: ExpressibleByArgument {}

/// What a run learns from.
struct TrainingDataOptions: ParsableArguments {
    @Option(help: "What is learnt: pairs, language-model or span-corruption.")
    var task = DataSettings.Task.pairs

    @Option(help: "A file of lines 'source <tab> target'; may be repeated.")
    var pairs: [String] = []

    @Option(help: "A file of sources, a line each; belongs to the --target given with it. May be repeated.")
    var source: [String] = []

    @Option(help: "A file of targets, a line each.")
    var target: [String] = []

    @Option(help: "A file of plain text; may be repeated.")
    var text: [String] = []

    @Option(help: "Pairs to judge by. Without any validation file some examples are held out.")
    var validationPairs: [String] = []

    @Option(help: "Sources to judge by.")
    var validationSource: [String] = []

    @Option(help: "Targets to judge by.")
    var validationTarget: [String] = []

    @Option(help: "Plain text to judge by.")
    var validationText: [String] = []

    @Option(help: "Pairs, or stretches of text, held out when there is no validation file; at most half, or a tenth.")
    var heldOut = 1000

    @Option(help: "Put before every source, such as 'translate English to German: '.")
    var prefix = ""

    @Option(help: "A SentencePiece .model file. Default: one is trained on the text.")
    var vocabulary: String?

    @Option(help: "The vocabulary to train: unigram or char.")
    var vocabularyKind = VocabularyTraining.Kind.unigram

    @Option(help: "Pieces of the vocabulary to train.")
    var vocabularySize = 8000

    @Option(help: "The most tokens of a pair, and the tokens of a stretch of text.")
    var maxTokens = 256

    @Option(help: "Unicode normalization of text: none, nfc or nfkc.")
    var normalization = TextCleaning.Normalization.nfc

    @Option(help: "Pairs with a side of more characters are left out.")
    var maxCharacters = 1000

    @Option(help: "Pairs whose sides differ more in length are left out.")
    var maxRatio = 4.0

    @Flag(help: "Keep pairs that occur more than once.")
    var keepDuplicates = false

    func validate() throws {
        try Limit.check("--held-out", heldOut, in: 1...1_000_000)
        try Limit.check("--vocabulary-size", vocabularySize, in: 16...1_000_000)
        try Limit.check("--max-tokens", maxTokens, in: 8...8192)
        try Limit.check("--max-characters", maxCharacters, in: 1...1_000_000)
        guard source.count == target.count, validationSource.count == validationTarget.count else {
            throw ValidationError("every --source needs its --target")
        }
        guard maxRatio >= 1 else { throw ValidationError("--max-ratio is \(maxRatio), but must be 1 or more") }
        let isText = task != .pairs
        guard isText ? !text.isEmpty : !pairs.isEmpty || !source.isEmpty else {
            throw ValidationError(isText ? "--text is missing" : "--pairs, or --source and --target, are missing")
        }
    }

    /// The flags as a run keeps them: no file has been read.
    var settings: DataSettings {
        var settings = DataSettings()
        settings.task = task
        settings.pairFiles = pairs
        settings.parallelFiles = zip(source, target).map { DataSettings.Parallel(source: $0, target: $1) }
        settings.textFiles = text
        settings.validationPairFiles = validationPairs
        settings.validationParallelFiles = zip(validationSource, validationTarget).map {
            DataSettings.Parallel(source: $0, target: $1)
        }
        settings.validationTextFiles = validationText
        settings.heldOut = heldOut
        settings.prefix = prefix
        (settings.vocabularyFile, settings.vocabularyKind) = (vocabulary, vocabularyKind.rawValue)
        (settings.vocabularySize, settings.maximumTokens) = (vocabularySize, maxTokens)
        settings.cleaning.normalization = normalization
        (settings.cleaning.maximumCharacters, settings.cleaning.maximumRatio) = (maxCharacters, maxRatio)
        settings.cleaning.removesDuplicates = !keepDuplicates
        return settings
    }
}
