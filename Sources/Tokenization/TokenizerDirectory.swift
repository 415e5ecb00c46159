/// The tokenizer files of a model directory.
///
/// The vocabulary is that of `spiece.model`, and where there is none that of `tokenizer.json`; ByT5's, which is that of bytes,
/// needs a `tokenizer_config.json` that names its class. What
/// `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` add comes on top of either.
package struct TokenizerDirectory: Sendable {
    private let path: String

    /// Every file that is read of a tokenizer, there or not.
    package static let fileNames = [
        "spiece.model", "tokenizer.json", configuration, "special_tokens_map.json", "added_tokens.json",
    ]

    package init(_ path: String) { self.path = path }

    /// The file the vocabulary is read from, nil when there is none.
    package var source: String? {
        let file = ["spiece.model", "tokenizer.json"].first { TokenizerFile.exists("\(path)/\($0)") }
        return file ?? (isOfBytes ? Self.configuration : nil)
    }

    private static let configuration = "tokenizer_config.json"

    /// Whether the configuration names ByT5's class.
    private var isOfBytes: Bool { (try? SpecialTokenFiles(directory: path))?.className == ByteTokenizer.className }

    /// The file with a template for conversations, which nothing here follows; nil when there is none.
    package var chatTemplateSource: String? {
        if let file = ["chat_template.jinja", "chat_template.json"].first(where: {
            TokenizerFile.exists("\(path)/\($0)")
        }) {
            return file
        }
        guard let bytes = try? TokenizerFile.readIfPresent("\(path)/\(Self.configuration)"),
            (try? TokenizerValue(bytes, file: Self.configuration).member("chat_template")) != nil
        else { return nil }
        return Self.configuration
    }

    /// The tokenizer, nil when the directory has none.
    ///
    /// - Parameter modelVocabularySize: rows of the model's embedding.
    /// - Throws: `TokenizerError`, which names the file.
    package func tokenizer(modelVocabularySize: Int) throws(TokenizerError) -> (any Tokenizer)? {
        guard let source else { return nil }
        let file = "\(path)/\(source)"
        if source == Self.configuration {
            let declared = try SpecialTokenFiles(directory: path)
            return try ByteTokenizer(declared: declared, modelVocabularySize: modelVocabularySize, file: file)
        }
        guard let bytes = try TokenizerFile.readIfPresent(file) else { return nil }
        let declared = try SpecialTokenFiles(directory: path)
        guard source == "tokenizer.json" else {
            return try SentencePieceTokenizer(
                serialized: bytes,
                declared: declared,
                modelVocabularySize: modelVocabularySize,
                fileName: file
            )
        }
        return try UnigramTokenizer(
            TokenizerDescription(bytes, file: file),
            declared: declared,
            modelVocabularySize: modelVocabularySize,
            file: file
        )
    }
}
