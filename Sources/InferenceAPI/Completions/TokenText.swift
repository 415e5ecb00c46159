import Tokenization

/// The text of single tokens, as log-probabilities and routes show it.
struct TokenText: Sendable {
    let tokenizer: (any Tokenizer)?
    /// Shows `token_id:17` in place of text, so that two tokens with the same text stay apart.
    var showsIDs = false

    /// The texts of tokens that follow each other.
    ///
    /// - Parameter continuesText: the first of them goes on with a text.
    func ofText(_ ids: [Int32], continuesText: Bool = false) -> [String] {
        ids.enumerated().map { text(of: $1, isFirst: $0 == 0 && !continuesText) }
    }

    /// - Parameter isFirst: the space in front of the first word of a text is not part of it.
    func text(of id: Int32, isFirst: Bool = false) -> String {
        if showsIDs { return "token_id:\(id)" }
        switch tokenizer?.token(id) {
        case nil: return ""
        case .byte(let byte, _):
            return byte < 0x80 ? String(UnicodeScalar(byte)) : "bytes:\\x" + String(byte, radix: 16)
        case .special(let text): return text
        case .text(let piece):
            let text = piece.replacing("\u{2581}", with: " ")
            return isFirst && text.hasPrefix(" ") ? String(text.dropFirst()) : text
        }
    }
}
