import CSentencePiece

/// The T5 family's tokenizer: SentencePiece, plus the sentinels `<extra_id_0>` … `<extra_id_99>` and added tokens.
///
/// Ids are those SentencePiece cuts text into, and become text as in transformers 5: an unknown character is the special
/// token `<unk>`. Byte pieces are put together as SentencePiece does, who cut them.
package struct SentencePieceTokenizer: Tokenizer {
    package let vocabularySize: Int
    package private(set) var textEnd: [Int32]?
    private let model: SentencePieceModel
    /// What every id stands for, read once so that decoding never crosses into the library.
    private let tokens: [Token]
    /// Finds special and added tokens in text as it is, whether or not they ask for normalised text.
    private let specials: AddedTokenMatcher

    /// How many sentinels a T5 tokenizer has when its files do not say.
    package static let sentinelCount = 100

    /// - Parameters:
    ///   - modelVocabularySize: rows of the model's embedding. Sentinels exist when it has room for them past the pieces.
    ///   - fileName: for error messages.
    package init(serialized bytes: [UInt8], modelVocabularySize: Int, fileName: String) throws(TokenizerError) {
        try self.init(
            serialized: bytes,
            declared: .init(sentinels: Self.sentinelCount),
            modelVocabularySize: modelVocabularySize,
            fileName: fileName
        )
    }

    /// - Parameter declared: what other files say of sentinels and added tokens.
    init(
        serialized bytes: [UInt8],
        declared: SpecialTokenFiles,
        modelVocabularySize: Int,
        fileName: String
    ) throws(TokenizerError) {
        model = try SentencePieceModel(serialized: bytes, file: fileName)
        let pieces = model.pieceCount
        guard pieces <= modelVocabularySize else {
            throw .largerThanModel(file: fileName, pieces: pieces, vocabularySize: modelVocabularySize)
        }
        var tokens = (0..<Int32(pieces)).map { [model] in Token(model.entry($0)) }
        let hasSentinels = tokens.contains(.special("<extra_id_0>"))
        let sentinels = declared.sentinels ?? Self.sentinelCount
        let hasRoom = sentinels <= modelVocabularySize - pieces
        if !hasSentinels, hasRoom {
            // The highest id is sentinel 0.
            for number in (0..<sentinels).reversed() { tokens.append(.special("<extra_id_\(number)>")) }
        }
        let ids = Dictionary(
            tokens.enumerated().map { (Array($1.stored.utf8), Int32($0)) },
            uniquingKeysWith: { first, _ in first }
        )

        let written = tokens.compactMap { $0.specialText.map { AddedToken(content: $0) } }
        let base = AddedVocabulary.Base(
            file: fileName,
            vocabularySize: tokens.count,
            modelVocabularySize: modelVocabularySize,
            id: { ids[Array($0.utf8)] }
        )
        let added = try AddedVocabulary(
            written + declared.tokens.filter { hasSentinels || hasRoom || !$0.isSentinel },
            to: base
        )
        added.name(&tokens)
        self.tokens = tokens
        vocabularySize = tokens.count
        specials = AddedTokenMatcher(added.patterns(normalized: false) + added.patterns(normalized: true))
        textEnd = id(named: declared.endOfT5 ?? SpecialTokens.endOfT5).map { [$0] }
    }

    /// How many pieces a `.model` file has: sentinels and added tokens are not among them.
    package static func pieceCount(serialized bytes: [UInt8], fileName: String) throws(TokenizerError) -> Int {
        try SentencePieceModel(serialized: bytes, file: fileName).pieceCount
    }

    package func encode(_ text: String) -> [Int32] {
        let bytes = Array(text.utf8)
        return specials.split(bytes).flatMap { part in
            switch part {
            case .token(let id): [id]
            case .text(let range): model.encode(bytes[range])
            }
        }
    }

    package func piece(_ id: Int32) -> String? {
        guard tokens.indices.contains(Int(id)) else { return nil }
        return tokens[Int(id)].stored
    }

    package func token(_ id: Int32) -> Token? {
        tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil
    }
}

extension Token {
    fileprivate init(_ entry: (kind: csp_kind, piece: String)) {
        switch entry.kind {
        case CSP_CONTROL, CSP_UNKNOWN: self = .special(entry.piece)
        case CSP_BYTE: self = .byte(Self.byteValue(entry.piece), stored: entry.piece)
        default:
            self = AddedToken.isSentinel(entry.piece) ? .special(entry.piece) : .text(entry.piece)
        }
    }

    /// The value of a byte piece, written `<0xE4>`.
    private static func byteValue(_ piece: String) -> UInt8 {
        UInt8(piece.dropFirst(3).dropLast(), radix: 16) ?? 0
    }
}
