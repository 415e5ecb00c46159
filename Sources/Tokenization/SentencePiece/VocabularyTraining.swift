import CSentencePiece

/// Makes a SentencePiece vocabulary out of text, by the C++ library's trainer.
///
/// Ids are those of T5: 0 pads, 1 ends, 2 is unknown.
package struct VocabularyTraining: Equatable, Sendable {
    /// What pieces are made of, by the name the library's trainer has for it.
    package enum Kind: String, CaseIterable, Sendable {
        /// Pieces of a unigram language model (Kudo, 2018); text is normalized by NFKC.
        case unigram
        /// One piece for each character; text is left as it is, ends of lines included.
        case characters = "char"
    }

    package var kind = Kind.unigram
    /// Pieces, the three above included; there may be fewer when the text has no more.
    package var size = 8000
    /// The share of characters that get a piece.
    package var coverage = 1.0
    /// The trainer's own, at least 1; the caller waits meanwhile.
    package var threads = 1

    package init() {}

    /// Lines longer than this are left out.
    package static let maximumLineBytes = 16_384

    /// The `.model` file of the vocabulary of some lines.
    ///
    /// The same for the same lines.
    ///
    /// - Throws: `TokenizerError.unreadable` with the library's own message.
    package func train(_ lines: [String]) throws(TokenizerError) -> [UInt8] {
        let text = Array(lines.joined(separator: "\n").utf8)
        var message: UnsafePointer<CChar>?
        let bytes = text.withUnsafeBytes { text in
            csp_train(arguments, text.bindMemory(to: CChar.self).baseAddress, text.count, &message)
        }
        guard let bytes else {
            throw .unreadable(
                file: "the text of the vocabulary",
                message: message.map { String(cString: $0) } ?? "unknown failure"
            )
        }
        defer { csp_bytes_free(bytes) }
        var count = 0
        let values = csp_bytes_values(bytes, &count)
        return Array(UnsafeRawBufferPointer(start: values, count: count))
    }

    /// The trainer's own flags.
    private var arguments: String {
        var flags = [
            "model_type=\(kind.rawValue)", "vocab_size=\(size)", "character_coverage=\(coverage)",
            "pad_id=0", "eos_id=1", "unk_id=2", "bos_id=-1", "hard_vocab_limit=false",
            "max_sentence_length=\(Self.maximumLineBytes)", "minloglevel=2", "num_threads=\(threads)",
        ]
        if kind == .characters {
            flags += [
                "normalization_rule_name=identity", "remove_extra_whitespaces=false", "add_dummy_prefix=false",
                "user_defined_symbols=\n",
            ]
        }
        return flags.joined(separator: " ")
    }
}
