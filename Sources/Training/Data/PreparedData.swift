import Foundation
package import Tokenization

/// Text made ready to be learnt from: cleaned, cut into tokens, parted into what is learnt and what is judged by.
package struct PreparedData: Sendable {
    package let vocabulary: Vocabulary
    package let training: any ExampleSource
    package let validation: any ExampleSource
    /// What validation sources should become; empty unless the task is pairs.
    package let references: [TextPair]
    package let report: Report

    /// What became of the text.
    package struct Report: Equatable, Sendable, Codable {
        /// Of pairs.
        package var cleaning: TextCleaning.Report?
        /// Pairs to learn from that were left out for their tokens.
        package var tooManyTokens = 0
        /// Pairs to judge by that were left out for their tokens.
        package var tooManyTokensToJudge = 0
        /// Pieces of the vocabulary, without the sentinels of span corruption.
        package var pieces = 0
        /// Examples of one epoch: pairs, or stretches of text.
        package var trainingExamples = 0
        /// Examples judged by: pairs, or stretches of text.
        package var validationExamples = 0
    }

    /// Where the vocabulary comes from.
    package enum VocabularySource: Sendable {
        /// A file where a vocabulary that is given or trained is kept; it is read when it is there, so that a run goes on
        /// with its own.
        case kept(file: String)
        /// That of a model.
        case model(Vocabulary)
    }

    /// Reads all files, trains a vocabulary where none was given or kept, and cuts the text into tokens.
    ///
    /// - Parameter seed: decides what is held out.
    ///
    /// - Throws: `TrainingError` for files that cannot be read and for too few examples, `TokenizerError` for a
    ///   vocabulary, and Foundation's error where it cannot be written.
    package init(_ settings: DataSettings, _ source: VocabularySource, seed: UInt64) throws {
        switch settings.task {
        case .pairs: try self.init(pairs: settings, source, seed)
        case .languageModel, .spanCorruption: try self.init(text: settings, source, seed)
        }
    }

    private init(pairs settings: DataSettings, _ source: VocabularySource, _ seed: UInt64) throws {
        let (kept, cleanHeld, cleaning) = try Self.parts(settings, seed)
        let held = cleanHeld.map { TextPair(source: settings.prefix + $0.source, target: $0.target) }
        let vocabulary = try Self.vocabulary(settings, source) {
            kept.map(\.source) + kept.map(\.target) + (settings.prefix.isEmpty ? [] : [settings.prefix])
        }
        func tokens(_ pairs: [TextPair], prefix: String) -> [(source: [Int32], target: [Int32])] {
            pairs.map { (vocabulary.tokenizer.encode(prefix + $0.source), vocabulary.tokenizer.encode($0.target)) }
        }
        let limit = settings.maximumTokens
        let examples = PairExamples(tokens(kept, prefix: settings.prefix), vocabulary.special, maximumTokens: limit)
        let judged = PairExamples(tokens(held, prefix: ""), vocabulary.special, maximumTokens: limit)
        (training, validation, references) = (examples, judged, judged.kept.map { held[$0] })
        self.vocabulary = vocabulary
        report = Report(
            cleaning: cleaning,
            tooManyTokens: examples.tooLong,
            tooManyTokensToJudge: judged.tooLong,
            pieces: vocabulary.pieces,
            trainingExamples: examples.count,
            validationExamples: judged.count
        )
    }

    /// Clean pairs: those to learn from, those to judge by, and what became of what was read.
    private static func parts(
        _ settings: DataSettings,
        _ seed: UInt64
    ) throws -> (learnt: [TextPair], judged: [TextPair], cleaning: TextCleaning.Report) {
        let read = try pairs(settings.pairFiles, settings.parallelFiles)
        var (kept, cleaning) = settings.cleaning(read)
        var held = try pairs(settings.validationPairFiles, settings.validationParallelFiles)
        if settings.validationFiles.isEmpty {
            (kept, held) = HeldOut(count: min(settings.heldOut, kept.count / 2), seed: seed).split(kept)
        } else {
            held = held.map {
                TextPair(source: settings.cleaning.clean($0.source), target: settings.cleaning.clean($0.target))
            }
        }
        // What is judged by is not learnt from.
        let judgedTexts = Set(held)
        kept.removeAll(where: judgedTexts.contains)
        cleaning.kept = kept.count
        guard !kept.isEmpty else { throw TrainingError.tooFewExamples(kept: 0, needed: 1) }
        return (kept, held, cleaning)
    }

    private init(text settings: DataSettings, _ source: VocabularySource, _ seed: UInt64) throws {
        let text = try Self.text(settings.textFiles, settings.cleaning)
        let held = try Self.text(settings.validationTextFiles, settings.cleaning)
        let vocabulary = try Self.vocabulary(settings, source) { TextFile.lines(of: text).filter { !$0.isEmpty } }
        var tokens = Self.tokens(text, vocabulary.tokenizer)
        var judged = Self.tokens(held, vocabulary.tokenizer)
        if settings.validationFiles.isEmpty {
            let count = min(settings.heldOut * settings.maximumTokens, tokens.count / 10)
            judged = Array(tokens.suffix(count))
            tokens.removeLast(count)
        }
        let length = settings.maximumTokens
        if settings.task == .spanCorruption {
            guard !vocabulary.sentinels.isEmpty else {
                throw TrainingError.notThisStart("--task span-corruption: the model's vocabulary has no <extra_id_0>")
            }
            var spans = SpanCorruption.Settings()
            (spans.length, spans.seed) = (length, seed)
            training = SpanCorruption(tokens, vocabulary.special, sentinels: vocabulary.sentinels, spans)
            validation = SpanCorruption(judged, vocabulary.special, sentinels: vocabulary.sentinels, spans)
        } else {
            training = TextWindows(tokens, length: length, .moving(seed: seed))
            validation = TextWindows(judged, length: length, .fixed)
        }
        references = []
        self.vocabulary = vocabulary
        report = Report(
            pieces: vocabulary.pieces,
            trainingExamples: training.count,
            validationExamples: validation.count
        )
        guard training.count > 0 else { throw TrainingError.tooFewExamples(kept: 0, needed: 1) }
    }

    private static func text(_ files: [String], _ cleaning: TextCleaning) throws -> String {
        try files.map { cleaning.normalized(try TextFile.text($0)) }.joined(separator: "\n")
    }

    /// Tokens of a long text, cut line by line: a vocabulary of characters keeps the ends of lines, others leave them out.
    package static func tokens(_ text: String, _ tokenizer: any Tokenizer) -> [Int32] {
        let end = tokenizer.encode("\n")
        let keepsEnds = end.count == 1 && tokenizer.piece(end[0]) == "\n"
        return TextFile.lines(of: text).flatMap { tokenizer.encode($0) + (keepsEnds ? end : []) }
    }

    private static func pairs(_ files: [String], _ parallel: [DataSettings.Parallel]) throws -> [TextPair] {
        try files.flatMap { try TextFile.pairs($0) }
            + parallel.flatMap { try TextFile.pairs(source: $0.source, target: $0.target) }
    }

    /// - Parameter lines: what a vocabulary is trained on, where one is.
    private static func vocabulary(
        _ settings: DataSettings,
        _ source: VocabularySource,
        _ lines: () -> [String]
    ) throws -> Vocabulary {
        switch source {
        case .model(let vocabulary): return vocabulary
        case .kept(let file):
            return try Vocabulary(
                serialized: try kept(settings, file, lines),
                fileName: file,
                hasSentinels: settings.task == .spanCorruption
            )
        }
    }

    /// The vocabulary of the run, of a file that was given, or one that is trained now and kept.
    private static func kept(_ settings: DataSettings, _ file: String, _ lines: () -> [String]) throws -> [UInt8] {
        if let bytes = FileManager.default.contents(atPath: file) { return Array(bytes) }
        if let given = settings.vocabularyFile {
            guard let bytes = FileManager.default.contents(atPath: given) else {
                throw TrainingError.unreadable(file: given, reason: "it is not there, or may not be read")
            }
            try bytes.write(to: URL(fileURLWithPath: file), options: .atomic)
            return Array(bytes)
        }
        var training = VocabularyTraining()
        training.kind = VocabularyTraining.Kind(rawValue: settings.vocabularyKind) ?? .unigram
        training.size = settings.vocabularySize
        let bytes = try training.train(lines())
        try Data(bytes).write(to: URL(fileURLWithPath: file), options: .atomic)
        return bytes
    }
}
