/// The added tokens of a tokenizer with the ids they have.
struct AddedVocabulary: Sendable {
    /// What is known of the vocabulary the tokens are added to.
    struct Base {
        let file: String
        let vocabularySize: Int
        /// Rows of the model's embedding.
        let modelVocabularySize: Int
        let id: (String) -> Int32?
    }

    /// In the order of the files, the last word on each.
    private(set) var tokens: [(token: AddedToken, id: Int32)] = []
    /// Where in `tokens` a token is, by its content's bytes.
    private var places: [[UInt8]: Int] = [:]
    private var nextID: Int

    /// Gives every token the id of the piece of its name, or the next past the vocabulary, as `tokenizers` does.
    ///
    /// - Throws: `TokenizerError` when a file says another id, or the model has no embedding for it.
    init(_ declared: [AddedToken], to base: Base) throws(TokenizerError) {
        nextID = base.vocabularySize
        for token in declared where !token.content.isEmpty { try add(token, base) }
    }

    /// Makes the entries of `vocabulary` say what was added to it.
    func name(_ vocabulary: inout [Token]) {
        for (token, id) in tokens {
            if Int(id) == vocabulary.count {
                vocabulary.append(Token(token))
            } else {
                vocabulary[Int(id)] = Token(token)
            }
        }
    }

    private mutating func add(_ token: AddedToken, _ base: Base) throws(TokenizerError) {
        let known = places[Array(token.content.utf8)]
        let id = known.map { Int(tokens[$0].id) } ?? base.id(token.content).map(Int.init) ?? nextID
        guard token.id == nil || token.id == id else {
            throw .misnumbered(file: base.file, token: token.content, id: token.id ?? 0, expected: id)
        }
        guard id < base.modelVocabularySize else {
            throw .outsideModel(file: base.file, token: token.content, id: id, vocabularySize: base.modelVocabularySize)
        }
        if let known {
            tokens[known].token = token
        } else {
            places[Array(token.content.utf8)] = tokens.count
            tokens.append((token, Int32(id)))
        }
        if id == nextID { nextID += 1 }
    }

    /// Patterns of the tokens that are looked for in the text as it is, or of those looked for once normalised.
    func patterns(normalized: Bool, _ normalize: (String) -> String = { $0 }) -> [AddedTokenMatcher.Pattern] {
        // Special ones come first: of two that normalise to the same text, the first is found.
        let ordered = tokens.filter(\.token.isSpecial) + tokens.filter { !$0.token.isSpecial }
        return ordered.filter { $0.token.isNormalized == normalized }.map { token, id in
            AddedTokenMatcher.Pattern(text: normalized ? normalize(token.content) : token.content, token: token, id: id)
        }
    }
}
