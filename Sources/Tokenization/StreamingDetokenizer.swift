/// Text of a growing token sequence, handed out as soon as no later token can change it.
///
/// Never emits half a character, nor a space before the word it belongs to has begun. The emitted pieces joined equal
/// `decode` of all ids.
package struct StreamingDetokenizer: Sendable {
    private let tokenizer: any Tokenizer
    private let skippingSpecialTokens: Bool
    /// Bytes of a character that is not complete, from byte tokens.
    private var pendingBytes: [UInt8] = []
    /// The same of a tokenizer all of whose tokens are bytes.
    private var run = UTF8Run()
    /// Spaces after the last word, held until the next word begins.
    private var pendingSpaces = ""
    /// No token was shown yet, be its text empty, and nothing came before.
    private var isFirstToken: Bool
    /// Code points of the text so far: what is held counts, a character that is not complete does not.
    private var textCount = 0
    /// Where in the text the last token begins, in code points.
    ///
    /// A token of no text is where the text goes on, and each byte of a character is where that begins.
    package private(set) var offset = 0

    /// - Parameter continuesText: the tokens go on with a text, so that a space they begin with is part of it.
    package init(_ tokenizer: any Tokenizer, skippingSpecialTokens: Bool, continuesText: Bool = false) {
        self.tokenizer = tokenizer
        self.skippingSpecialTokens = skippingSpecialTokens
        isFirstToken = !continuesText
    }

    /// Spaces of the next token are dropped.
    package var dropsSpaces: Bool { isFirstToken && tokenizer.joining == .dropsFirstSpaces }

    /// The text that became certain with `id`; often empty.
    package mutating func append(_ id: Int32) -> String {
        offset = textCount
        guard let token = tokenizer.token(id) else { return "" }
        if case .special = token, skippingSpecialTokens { return "" }
        defer { isFirstToken = false }
        switch token {
        case .byte(let byte, _) where tokenizer.joining == .bytes: return hold(run.append(byte))
        case .byte(let byte, _):
            pendingBytes.append(byte)
            return hold(takeCompleteCharacters())
        case .special(let piece), .text(let piece):
            let before = takeBytes()
            offset += before.unicodeScalars.count
            return hold(before + text(of: piece))
        }
    }

    /// Takes a token that is not shown.
    package mutating func skip() { offset = textCount }

    /// What was held back.
    package mutating func finish() -> String {
        defer { pendingSpaces = "" }
        return hold(takeBytes()) + pendingSpaces
    }

    /// `piece` with spaces for `▁`.
    private func text(of piece: String) -> String {
        var scalars = piece.unicodeScalars
        if dropsSpaces { scalars.removeAll { $0 == "▁" } }
        return String(String.UnicodeScalarView(scalars.map { $0 == "▁" ? " " : $0 }))
    }

    /// Emits `text` but for the spaces it ends with.
    private mutating func hold(_ text: String) -> String {
        guard !text.isEmpty else { return "" }
        textCount += text.unicodeScalars.count
        let all = pendingSpaces + text
        let spaces = all.unicodeScalars.reversed().prefix { $0 == " " }.count
        pendingSpaces = String(repeating: " ", count: spaces)
        return String(String.UnicodeScalarView(all.unicodeScalars.dropLast(spaces)))
    }

    /// The held bytes as they are, wrong ones replaced.
    private mutating func takeBytes() -> String {
        defer { pendingBytes = [] }
        run.finish()
        return String(decoding: pendingBytes, as: UTF8.self)
    }

    /// The held bytes once they are whole characters, or can no longer become one.
    private mutating func takeCompleteCharacters() -> String {
        guard let first = pendingBytes.first else { return "" }
        let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1
        return pendingBytes.count >= length ? takeBytes() : ""
    }
}
