import JSON

/// A token that is recognised in text before anything is cut into pieces.
struct AddedToken: Equatable, Sendable {
    var content: String
    /// The id a file gives it.
    var id: Int?
    /// Not inside a word.
    var isSingleWord = false
    /// White space before it belongs to it.
    var stripsLeft = false
    /// White space after it belongs to it.
    var stripsRight = false
    /// Looked for in normalised text, as its normalised self.
    var isNormalized = false
    /// No text: left out when special tokens are skipped.
    var isSpecial = true
}

extension AddedToken {
    var isSentinel: Bool { Self.isSentinel(content) }

    static func isSentinel(_ text: String) -> Bool { text.hasPrefix("<extra_id_") && text.hasSuffix(">") }
}

extension AddedToken {
    /// From an object as `tokenizers` writes it, or the content alone, which is a special token's.
    init(_ value: TokenizerValue) throws(TokenizerError) {
        if case .string(let content) = value.json {
            self.init(content: content)
            return
        }
        self.init(content: try value.required("content").text())
        id = try value.member("id")?.integer()
        isSingleWord = try value.member("single_word")?.flag() ?? false
        stripsLeft = try value.member("lstrip")?.flag() ?? false
        stripsRight = try value.member("rstrip")?.flag() ?? false
        isSpecial = try value.member("special")?.flag() ?? false
        isNormalized = try value.member("normalized")?.flag() ?? !isSpecial
    }
}

extension Token {
    init(_ token: AddedToken) { self = token.isSpecial ? .special(token.content) : .text(token.content) }
}
