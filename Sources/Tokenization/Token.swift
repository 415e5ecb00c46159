/// What an id of the vocabulary stands for.
package enum Token: Equatable, Sendable {
    /// Text with `▁` for a space.
    case text(String)
    /// One byte of a UTF-8 character that has no piece of its own.
    case byte(UInt8, stored: String)
    /// A character the vocabulary does not know.
    case unknown(String)
    /// A token that is no text: the end, padding, a sentinel.
    case special(String)

    /// The vocabulary entry as it is stored.
    package var stored: String {
        switch self {
        case .text(let piece), .byte(_, let piece), .unknown(let piece), .special(let piece): piece
        }
    }

    /// How a special token is written in text; nil for any other.
    var specialText: String? {
        switch self {
        case .special(let text), .unknown(let text): text
        case .text, .byte: nil
        }
    }
}
