package import SwitchModel
package import Tokenization

/// How text becomes tokens that a model knows.
package struct Vocabulary: Sendable {
    package let tokenizer: any Tokenizer
    /// Rows of the embedding.
    package let size: Int
    /// Entries, without the sentinels of span corruption.
    package let pieces: Int
    package let special: SpecialIDs
    /// What stands for spans that were cut out, in order; empty where there are none.
    package let sentinels: [Int32]
    /// The file of a vocabulary of the run's own; empty for a model's, whose files are written back as they are.
    package let file: [UInt8]

    /// The ids of T5's vocabularies: padding starts outputs, and 1 ends them.
    private static let special = SpecialIDs(start: 0, end: 1)

    /// A SentencePiece vocabulary, with sentinels behind its pieces where a task has spans cut out.
    ///
    /// - Parameter fileName: for error messages.
    ///
    /// - Throws: `TokenizerError`.
    package init(serialized bytes: [UInt8], fileName: String, hasSentinels: Bool) throws {
        pieces = try SentencePieceTokenizer.pieceCount(serialized: bytes, fileName: fileName)
        size = pieces + (hasSentinels ? SentencePieceTokenizer.sentinelCount : 0)
        tokenizer = try SentencePieceTokenizer(serialized: bytes, modelVocabularySize: size, fileName: fileName)
        // The highest id is sentinel 0.
        sentinels = hasSentinels ? (pieces..<size).reversed().map(Int32.init) : []
        special = Self.special
        file = bytes
    }

    /// That of a model, with its own tokens to begin and end with.
    package init(of tokenizer: any Tokenizer, _ configuration: SwitchConfiguration) {
        self.tokenizer = tokenizer
        size = configuration.vocabularySize
        let ends = configuration.textEnd + configuration.endTokens
        special = SpecialIDs(start: configuration.startToken, end: ends.first ?? configuration.padToken)
        var sentinels: [Int32] = []
        while let id = Self.sentinel(sentinels.count, tokenizer) { sentinels.append(id) }
        self.sentinels = sentinels
        pieces = tokenizer.vocabularySize - sentinels.count
        file = []
    }

    /// A vocabulary that knows a sentinel cuts it as one token of its own.
    private static func sentinel(_ number: Int, _ tokenizer: any Tokenizer) -> Int32? {
        let name = "<extra_id_\(number)>"
        let ids = tokenizer.encode(name)
        return ids.count == 1 && tokenizer.token(ids[0])?.stored == name ? ids[0] : nil
    }
}
