import Tokenization

/// The text of single tokens, as log-probabilities and routes show it.
struct TokenText: Sendable {
    let tokenizer: (any Tokenizer)?
    /// Shows `token_id:17` in place of text, so that two tokens with the same text stay apart.
    var showsIDs = false

    /// - Parameter isFirst: the space in front of the first word of a text is not part of it.
    func text(of id: Int32, isFirst: Bool = false) -> String {
        if showsIDs { return "token_id:\(id)" }
        guard let piece = tokenizer?.piece(id) else { return "" }
        if let byte = Self.byte(of: piece) {
            return byte < 0x80 ? String(UnicodeScalar(byte)) : "bytes:\\x" + String(byte, radix: 16)
        }
        let text = String(piece.map { $0 == "\u{2581}" ? " " : $0 })
        return isFirst && text.hasPrefix(" ") ? String(text.dropFirst()) : text
    }

    /// The byte a piece such as `<0xE2>` stands for.
    private static func byte(of piece: String) -> UInt8? {
        guard piece.count == 6, piece.hasPrefix("<0x"), piece.hasSuffix(">") else { return nil }
        return UInt8(piece.dropFirst(3).dropLast(), radix: 16)
    }
}
