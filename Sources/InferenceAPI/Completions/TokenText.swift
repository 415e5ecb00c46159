import Tokenization

/// The text of single tokens, as log-probabilities and routes show it.
struct TokenText: Sendable {
    let tokenizer: (any Tokenizer)?
    /// Shows `token_id:17` in place of text, so that two tokens with the same text stay apart.
    var showsIDs = false

    /// A token as it is written, and the bytes it stands for.
    struct Written: Equatable, Sendable {
        var text: String
        /// In UTF-8; of a character that is several tokens, a part.
        var bytes: [UInt8]
    }

    /// - Parameter droppingSpaces: as of `text`.
    func written(_ id: Int32, droppingSpaces: Bool) -> Written {
        let text = text(of: id, droppingSpaces: droppingSpaces)
        if case .byte(let byte, _)? = tokenizer?.token(id) { return Written(text: text, bytes: [byte]) }
        return Written(text: text, bytes: Array(text.utf8))
    }

    /// The texts of tokens that follow each other.
    ///
    /// - Parameter continuesText: the first of them goes on with a text.
    func ofText(_ ids: [Int32], continuesText: Bool = false) -> [String] {
        let drops = !continuesText && tokenizer?.joining == .dropsFirstSpaces
        return ids.enumerated().map { text(of: $1, droppingSpaces: $0 == 0 && drops) }
    }

    /// - Parameter droppingSpaces: the token is the first of a text, which does not begin with its spaces.
    func text(of id: Int32, droppingSpaces: Bool) -> String {
        if showsIDs { return "token_id:\(id)" }
        switch tokenizer?.token(id) {
        case nil: return ""
        case .byte(let byte, _):
            return byte < 0x80 ? String(UnicodeScalar(byte)) : "bytes:\\x" + String(byte, radix: 16)
        case .special(let text): return text
        case .text(let piece): return piece.replacing("\u{2581}", with: droppingSpaces ? "" : " ")
        }
    }
}
