/// Text of a growing token sequence, handed out as soon as no later token can change it.
///
/// Never emits half a character, nor a space before the word it belongs to has begun. The emitted pieces joined equal
/// `decode` of all ids.
package struct StreamingDetokenizer: Sendable {
    private let tokenizer: any Tokenizer
    private let skippingSpecialTokens: Bool
    /// Bytes of a character that is not complete, from byte tokens.
    private var pendingBytes: [UInt8] = []
    /// Spaces after the last word, held until the next word begins.
    private var pendingSpaces = ""
    /// Nothing was emitted yet, and nothing came before.
    private var isAtStart: Bool
    /// No token was shown yet, be its text empty.
    private var isFirstToken: Bool

    /// - Parameter continuesText: the tokens go on with a text, so that a space they begin with is part of it.
    package init(_ tokenizer: any Tokenizer, skippingSpecialTokens: Bool, continuesText: Bool = false) {
        self.tokenizer = tokenizer
        self.skippingSpecialTokens = skippingSpecialTokens
        (isAtStart, isFirstToken) = (!continuesText, !continuesText)
    }

    /// The text that became certain with `id`; often empty.
    package mutating func append(_ id: Int32) -> String {
        guard let token = tokenizer.token(id) else { return "" }
        if case .special = token, skippingSpecialTokens { return "" }
        defer { isFirstToken = false }
        switch token {
        case .byte(let byte, _):
            pendingBytes.append(byte)
            return hold(takeCompleteCharacters())
        case .special(let text):
            return hold(takeBytes() + (tokenizer.joining == .sentencePiece ? text : self.text(of: text)))
        case .unknown(_): return hold(takeBytes() + " ⁇ ")
        case .text(let piece): return hold(takeBytes() + text(of: piece))
        }
    }

    /// What was held back.
    package mutating func finish() -> String {
        defer { pendingSpaces = "" }
        return hold(takeBytes()) + pendingSpaces
    }

    /// `piece` with spaces for `▁`, but for those at the start.
    private func text(of piece: String) -> String {
        var scalars = piece.unicodeScalars
        switch tokenizer.joining {
        case .sentencePiece: if isAtStart, scalars.first == "▁" || scalars.first == " " { scalars.removeFirst() }
        case .metaspace(let trimsFirst): if isFirstToken, trimsFirst { scalars.removeAll { $0 == "▁" } }
        }
        return String(String.UnicodeScalarView(scalars.map { $0 == "▁" ? " " : $0 }))
    }

    /// Emits `text` but for the spaces it ends with.
    private mutating func hold(_ text: String) -> String {
        guard !text.isEmpty else { return "" }
        isAtStart = false
        let all = pendingSpaces + text
        let spaces = all.unicodeScalars.reversed().prefix { $0 == " " }.count
        pendingSpaces = String(repeating: " ", count: spaces)
        return String(String.UnicodeScalarView(all.unicodeScalars.dropLast(spaces)))
    }

    /// The held bytes as they are, wrong ones replaced.
    private mutating func takeBytes() -> String {
        defer { pendingBytes = [] }
        return String(decoding: pendingBytes, as: UTF8.self)
    }

    /// The held bytes once they are whole characters, or can no longer become one.
    private mutating func takeCompleteCharacters() -> String {
        guard let first = pendingBytes.first else { return "" }
        let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1
        return pendingBytes.count >= length ? takeBytes() : ""
    }
}
