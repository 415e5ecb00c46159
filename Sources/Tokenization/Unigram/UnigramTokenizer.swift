/// The tokenizer a `tokenizer.json` with a `Unigram` model describes, step by step as `tokenizers` takes them.
///
/// Added tokens are found first, the text between them is normalised, cut into words, and words into pieces. The file's
/// truncation and padding are not applied; its template is, by the caller, who ends prompts with `</s>`.
package struct UnigramTokenizer: Tokenizer {
    package let vocabularySize: Int
    package let joining: PieceJoining
    private let normalize: TextNormalizer
    private let splitter: WordSplitter
    private let model: UnigramModel
    private let writtenTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    /// What every id stands for.
    private let tokens: [Token]

    /// - Parameters:
    ///   - declared: added tokens of other files.
    ///   - modelVocabularySize: rows of the model's embedding.
    ///   - file: for error messages.
    /// - Throws: `TokenizerError` naming the component this server would not follow to the letter.
    init(
        _ description: TokenizerDescription,
        declared: [AddedToken],
        modelVocabularySize: Int,
        file: String
    ) throws(TokenizerError) {
        if let type = description.model.type, type != "Unigram" {
            throw .unsupported(file: file, component: "model '\(type)'")
        }
        try Self.checkTemplate(description.post_processor, file)
        var (description, declared) = (description, declared)
        description.dropSentinels(beyond: modelVocabularySize, &declared)
        let pieces = description.model.vocab.count
        guard pieces <= modelVocabularySize else {
            throw .largerThanModel(file: file, pieces: pieces, vocabularySize: modelVocabularySize)
        }
        let decoder = try PieceJoining.metaspace(description.decoder, file)
        let normalizer = try TextNormalizer(description.normalizer, file: file)
        let model = try UnigramModel(description.model, file: file)
        let added = try AddedVocabulary(
            (description.added_tokens ?? []) + declared,
            to: .init(
                file: file,
                vocabularySize: pieces,
                modelVocabularySize: modelVocabularySize,
                id: model.id(of:)
            )
        )
        splitter = try WordSplitter(description.pre_tokenizer, file: file)
        writtenTokens = AddedTokenMatcher(added.patterns(normalized: false))
        normalizedTokens = AddedTokenMatcher(added.patterns(normalized: true) { normalizer($0) })
        var tokens: [Token] = model.pieces.map { decoder.joinsBytes ? Token(pieceOrByte: $0) : .text($0) }
        added.name(&tokens)
        self.tokens = tokens
        vocabularySize = tokens.count
        self.model = model
        normalize = normalizer
        joining = decoder.joining
    }

    /// Accepts `</s>` or another token behind the text, which is what prompts end with.
    private static func checkTemplate(
        _ component: TokenizerDescription.Component?,
        _ file: String
    ) throws(TokenizerError) {
        guard let component else { return }
        guard component.type == "TemplateProcessing" else {
            throw .unsupported(file: file, component: "post_processor '\(component.type)'")
        }
        let parts = component.single ?? []
        guard parts.first == .sequence, parts.dropFirst().allSatisfy({ $0 == .specialToken }), parts.count <= 2 else {
            throw .unsupported(file: file, component: "post_processor template with more than an end token")
        }
    }

    package func encode(_ text: String) -> [Int32] {
        let bytes = Array(text.utf8)
        return writtenTokens.split(bytes).flatMap { part in
            switch part {
            case .token(let id): [id]
            case .text(let range):
                encode(normalize(String(decoding: bytes[range], as: UTF8.self)), isFirst: range.lowerBound == 0)
            }
        }
    }

    private func encode(_ normalized: String, isFirst: Bool) -> [Int32] {
        let bytes = Array(normalized.utf8)
        return normalizedTokens.split(bytes).flatMap { part in
            switch part {
            case .token(let id): [id]
            case .text(let range):
                splitter.words(
                    String(decoding: bytes[range], as: UTF8.self),
                    isFirst: isFirst && range.lowerBound == 0
                ).flatMap { model.encode($0) }
            }
        }
    }

    package func piece(_ id: Int32) -> String? { token(id)?.stored }

    package func token(_ id: Int32) -> Token? {
        tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil
    }
}
