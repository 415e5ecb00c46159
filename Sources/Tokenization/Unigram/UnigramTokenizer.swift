/// The tokenizer a `tokenizer.json` with a `Unigram` model describes, step by step as `tokenizers` takes them.
///
/// Added tokens are found first, the text between them is normalised, cut into words, and words into pieces. The file's
/// truncation and padding are not applied; what its template has behind a text is `textEnd`.
package struct UnigramTokenizer: Tokenizer {
    package let vocabularySize: Int
    package let joining: PieceJoining
    package private(set) var textEnd: [Int32]?
    private let normalize: TextNormalizer
    private let splitter: WordSplitter
    private let model: UnigramModel
    private let writtenTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    /// What every id stands for.
    private let tokens: [Token]

    /// - Parameters:
    ///   - declared: what other files say of added tokens and the end.
    ///   - modelVocabularySize: rows of the model's embedding.
    ///   - file: for error messages.
    /// - Throws: `TokenizerError` naming the component this server would not follow to the letter.
    init(
        _ description: TokenizerDescription,
        declared files: SpecialTokenFiles,
        modelVocabularySize: Int,
        file: String
    ) throws(TokenizerError) {
        if let type = description.model.type, type != "Unigram" {
            throw .unsupported(file: file, component: "model '\(type)'")
        }
        let template = try Self.tokensBehindText(description.post_processor, file)
        var (description, declared) = (description, files.tokens)
        if let names = files.namesOfT5 { description.makeSpecial(names) }
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
        // T5's tokenizer writes a template of its own.
        textEnd = (files.endOfT5.map { [$0] } ?? template).reduce([]) { ids, name in
            id(named: name).flatMap { id in ids.map { $0 + [id] } }
        }
    }

    /// Names of what the template puts behind a text: one token or none.
    private static func tokensBehindText(
        _ component: TokenizerDescription.Component?,
        _ file: String
    ) throws(TokenizerError) -> [String] {
        guard let component else { return [] }
        guard component.type == "TemplateProcessing" else {
            throw .unsupported(file: file, component: "post_processor '\(component.type)'")
        }
        switch component.single ?? [] {
        case let parts where parts.count == 1:
            if case .sequence = parts[0] { return [] }
        case let parts where parts.count == 2:
            if case (.sequence, .specialToken(let name)) = (parts[0], parts[1]) { return [name] }
        default: break
        }
        throw .unsupported(file: file, component: "post_processor template with more than an end token")
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
