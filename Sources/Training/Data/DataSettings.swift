import Foundation

/// What a run learns from, and how text becomes examples.
package struct DataSettings: Equatable, Sendable, Codable {
    /// What a model learns to do with text.
    package enum Task: String, CaseIterable, Sendable, Codable {
        /// A target is made of a source.
        case pairs
        /// Text is continued.
        case languageModel = "language-model"
        /// Spans cut out of text are put back, as T5 learns.
        case spanCorruption = "span-corruption"
    }

    /// Two files with as many lines.
    package struct Parallel: Equatable, Sendable, Codable {
        package var source: String
        package var target: String

        package init(source: String, target: String) { (self.source, self.target) = (source, target) }
    }

    package var task = Task.pairs
    /// Files of `source <tab> target`.
    package var pairFiles: [String] = []
    /// Read after `pairFiles`, as if they were more of these.
    package var parallelFiles: [Parallel] = []
    /// Files of plain text.
    package var textFiles: [String] = []
    /// Files to judge by, of the same kind; without them some examples are held out.
    package var validationPairFiles: [String] = []
    package var validationParallelFiles: [Parallel] = []
    package var validationTextFiles: [String] = []
    /// Examples held out when there is no file to judge by: pairs, or stretches of text at the end.
    package var heldOut = 1000

    package var cleaning = TextCleaning()
    /// Put before every source.
    package var prefix = ""
    /// A `.model` file; nil to train a vocabulary.
    package var vocabularyFile: String?
    /// A raw value of `VocabularyTraining.Kind`; any other word is `unigram`.
    package var vocabularyKind = "unigram"
    /// Pieces of a vocabulary that is trained; a text with fewer gives fewer.
    package var vocabularySize = 8000
    /// The most tokens of a pair, and the tokens of a stretch of text.
    package var maximumTokens = 256

    package init() {}

    /// All files that are read, those to judge by too.
    package var files: [String] {
        (parallelFiles + validationParallelFiles).flatMap { [$0.source, $0.target] } + pairFiles + textFiles
            + validationPairFiles + validationTextFiles
    }

    /// Names of the files that are learnt from, and of those that are judged by.
    var trainingFiles: [String] { Self.names(parallelFiles, pairFiles + textFiles) }
    var validationFiles: [String] {
        Self.names(validationParallelFiles, validationPairFiles + validationTextFiles)
    }

    private static func names(_ parallel: [Parallel], _ others: [String]) -> [String] {
        (parallel.flatMap { [$0.source, $0.target] } + others).map { URL(fileURLWithPath: $0).lastPathComponent }
    }
}
