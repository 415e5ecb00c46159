import CSentencePiece

/// The T5 family's tokenizer: SentencePiece, plus the sentinels `<extra_id_0>` … `<extra_id_99>`.
///
/// Text decodes as SentencePiece decodes it: pieces joined, `▁` a space, the first space dropped.
package struct SentencePieceTokenizer: Tokenizer {
    package let vocabularySize: Int
    private let model: SentencePieceModel
    /// What every id stands for, read once so that decoding never crosses into the library.
    private let tokens: [Token]
    /// The special tokens that are recognised in text, longest first.
    private let specials: [(text: String, id: Int32)]

    private static let sentinelCount = 100

    /// - Parameters:
    ///   - modelVocabularySize: rows of the model's embedding. Sentinels exist when it has room for them past the pieces.
    ///   - fileName: for error messages.
    package init(serialized bytes: [UInt8], modelVocabularySize: Int, fileName: String) throws(TokenizerError) {
        model = try SentencePieceModel(serialized: bytes, file: fileName)
        let pieces = model.pieceCount
        guard pieces <= modelVocabularySize else {
            throw .largerThanModel(file: fileName, pieces: pieces, vocabularySize: modelVocabularySize)
        }
        var tokens: [Token] = []
        tokens.reserveCapacity(pieces + Self.sentinelCount)
        for id in 0..<Int32(pieces) { tokens.append(Token(model.entry(id))) }
        let hasSentinels = tokens.contains(.special("<extra_id_0>"))
        if !hasSentinels, modelVocabularySize >= pieces + Self.sentinelCount {
            // The highest id is sentinel 0.
            for number in (0..<Self.sentinelCount).reversed() { tokens.append(.special("<extra_id_\(number)>")) }
        }
        self.tokens = tokens
        vocabularySize = tokens.count
        specials = tokens.enumerated().compactMap { id, token in
            token.specialText.map { ($0, Int32(id)) }
        }.sorted { $0.text.utf8.count > $1.text.utf8.count }
    }

    package func encode(_ text: String) -> [Int32] {
        var ids: [Int32] = []
        var rest = text[...]
        var searched = rest.startIndex
        while let open = rest[searched...].utf8.firstIndex(of: UInt8(ascii: "<")) {
            guard let special = specials.first(where: { rest[open...].utf8.starts(with: $0.text.utf8) }) else {
                searched = rest.utf8.index(after: open)
                continue
            }
            ids += model.encode(rest[..<open])
            ids.append(special.id)
            rest = rest[rest.utf8.index(open, offsetBy: special.text.utf8.count)...]
            searched = rest.startIndex
        }
        return ids + model.encode(rest)
    }

    package func decode(_ ids: [Int32], skippingSpecialTokens: Bool) -> String {
        var detokenizer = StreamingDetokenizer(self, skippingSpecialTokens: skippingSpecialTokens)
        return ids.map { detokenizer.append($0) }.joined() + detokenizer.finish()
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
        case CSP_CONTROL: self = .special(entry.piece)
        case CSP_UNKNOWN: self = .unknown(entry.piece)
        case CSP_BYTE: self = .byte(Self.byteValue(entry.piece), stored: entry.piece)
        default:
            let isSentinel = entry.piece.hasPrefix("<extra_id_") && entry.piece.hasSuffix(">")
            self = isSentinel ? .special(entry.piece) : .text(entry.piece)
        }
    }

    /// The value of a byte piece, written `<0xE4>`.
    private static func byteValue(_ piece: String) -> UInt8 {
        UInt8(piece.dropFirst(3).dropLast(), radix: 16) ?? 0
    }
}
