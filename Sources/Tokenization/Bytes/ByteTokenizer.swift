/// ByT5's tokenizer (Xue and others, 2022): a token is a byte of UTF-8 plus three, and there is no vocabulary file.
///
/// Ids 0 to 2 are padding, end and unknown, those behind the bytes sentinels, as in transformers 5.23.0.
package struct ByteTokenizer: Tokenizer {
    /// What `tokenizer_config.json` calls it.
    static let className = "ByT5Tokenizer"

    package let vocabularySize: Int
    package let textEnd: [Int32]?
    private let tokens: [Token]
    private let specials: AddedTokenMatcher

    private static let firstByte = 3
    private static let sentinelCount = 125

    /// - Parameters:
    ///   - declared: what files say of special tokens.
    ///   - modelVocabularySize: rows of the model's embedding; sentinels are there as far as it has room for them.
    ///   - file: for error messages.
    init(declared: SpecialTokenFiles, modelVocabularySize: Int, file: String) throws(TokenizerError) {
        let own = ["<pad>", "</s>", "<unk>"].map { AddedToken(content: $0, stripsLeft: true, stripsRight: true) }
        let bytes = (UInt8.min...UInt8.max).map { Token.byte($0, stored: String(UnicodeScalar($0))) }
        var tokens = own.map { Token($0) } + bytes
        guard tokens.count <= modelVocabularySize else {
            throw .largerThanModel(file: file, pieces: tokens.count, vocabularySize: modelVocabularySize)
        }
        // These are special whatever a file says of them.
        var added = own + declared.tokens.filter { token in !own.contains { $0.content == token.content } }
        if !added.contains(where: \.isSentinel) {
            let room = min(declared.sentinels ?? Self.sentinelCount, modelVocabularySize - tokens.count)
            added += (0..<max(room, 0)).map { AddedToken(content: "<extra_id_\($0)>") }
        }
        let ids = Dictionary(uniqueKeysWithValues: own.enumerated().map { ($1.content, Int32($0)) })
        let vocabulary = try AddedVocabulary(
            added,
            to: .init(
                file: file,
                vocabularySize: tokens.count,
                modelVocabularySize: modelVocabularySize,
                id: { ids[$0] }
            )
        )
        vocabulary.name(&tokens)
        self.tokens = tokens
        vocabularySize = tokens.count
        specials = AddedTokenMatcher(vocabulary.patterns(normalized: false) + vocabulary.patterns(normalized: true))
        textEnd = [1]
    }

    package var joining: PieceJoining { .bytes }

    package func encode(_ text: String) -> [Int32] {
        let bytes = Array(text.utf8)
        return specials.split(bytes).flatMap { part -> [Int32] in
            switch part {
            case .token(let id): [id]
            case .text(let range): bytes[range].map { Int32($0) + Int32(Self.firstByte) }
            }
        }
    }

    package func piece(_ id: Int32) -> String? { token(id)?.stored }

    package func token(_ id: Int32) -> Token? { tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil }
}
