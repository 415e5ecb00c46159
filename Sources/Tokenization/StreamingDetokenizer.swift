/// Text of a growing token sequence, handed out as soon as no later token can change it.
///
/// Never emits half a character or half a word-space; the emitted pieces joined equal `decode` of all ids. Decodes a
/// window of a few ids at a time: the ids whose text may still change, after one or two that fix how it is read.
package struct StreamingDetokenizer: Sendable {
    private let tokenizer: any Tokenizer
    private let skippingSpecialTokens: Bool
    private var window: [Int32] = []
    /// The window's text, and how many of its bytes were handed out.
    private var text = ""
    private var emitted = 0
    /// Spaces held back until something follows.
    private var spaces = ""

    package init(_ tokenizer: any Tokenizer, skippingSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skippingSpecialTokens = skippingSpecialTokens
    }

    /// The text that became certain with `id`; often empty.
    package mutating func append(_ id: Int32) -> String {
        let grown = decode(window + [id])
        guard grown.utf8.count != text.utf8.count || grown != text else { return "" }
        window.append(id)
        text = grown
        // A character has at most four bytes, so at most three replacement characters may still become one.
        let replaced = text.unicodeScalars.reversed().prefix { $0 == "\u{FFFD}" }.count
        let certain = text.utf8.count - 3 * min(replaced, 3)
        let fresh = String(decoding: text.utf8.dropFirst(emitted).prefix(max(0, certain - emitted)), as: UTF8.self)
        emitted = max(emitted, certain)
        shrinkWindow(replaced: replaced)
        return holdingSpaces(fresh)
    }

    /// What was held back.
    package mutating func finish() -> String {
        defer { (window, text, emitted, spaces) = ([], "", 0, "") }
        return spaces + String(decoding: text.utf8.dropFirst(emitted), as: UTF8.self)
    }

    private mutating func shrinkWindow(replaced: Int) {
        if replaced > 3 {
            setWindow(Array(window.suffix(4)), unsaid: 9)
        } else if replaced == 0, let last = window.last,
            let context = window.lastIndex(where: { !decode([$0]).isEmpty })
        {
            // An id without text of its own, such as a lone word-space, needs one before it.
            setWindow(context == window.count - 1 ? [last] : [window[context], last], unsaid: 0)
        }
    }

    private mutating func setWindow(_ ids: [Int32], unsaid: Int) {
        window = ids
        text = decode(ids)
        emitted = max(0, text.utf8.count - unsaid)
    }

    private mutating func holdingSpaces(_ fresh: String) -> String {
        let whole = spaces + fresh
        let trailing = whole.utf8.reversed().prefix { $0 == UInt8(ascii: " ") }.count
        spaces = String(repeating: " ", count: trailing)
        return String(decoding: whole.utf8.dropLast(trailing), as: UTF8.self)
    }

    private func decode(_ ids: [Int32]) -> String {
        tokenizer.decode(ids, skippingSpecialTokens: skippingSpecialTokens)
    }
}
