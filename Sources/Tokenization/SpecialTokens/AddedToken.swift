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

extension AddedToken: Decodable {
    private enum CodingKeys: String, CodingKey {
        case content
        case id
        case isSingleWord = "single_word"
        case stripsLeft = "lstrip"
        case stripsRight = "rstrip"
        case isNormalized = "normalized"
        case isSpecial = "special"
    }

    /// From an object as `tokenizers` writes it, or the content alone, which is a special token's.
    init(from decoder: any Decoder) throws {
        if let content = try? decoder.singleValueContainer().decode(String.self) {
            self.init(content: content)
            return
        }
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(content: try values.decode(String.self, forKey: .content))
        id = try values.decodeIfPresent(Int.self, forKey: .id)
        isSingleWord = try values.decodeIfPresent(Bool.self, forKey: .isSingleWord) ?? false
        stripsLeft = try values.decodeIfPresent(Bool.self, forKey: .stripsLeft) ?? false
        stripsRight = try values.decodeIfPresent(Bool.self, forKey: .stripsRight) ?? false
        isSpecial = try values.decodeIfPresent(Bool.self, forKey: .isSpecial) ?? false
        isNormalized = try values.decodeIfPresent(Bool.self, forKey: .isNormalized) ?? !isSpecial
    }
}

extension Token {
    init(_ token: AddedToken) { self = token.isSpecial ? .special(token.content) : .text(token.content) }
}
