/// What an id of the vocabulary stands for.
package enum Token: Equatable, Sendable {
    /// Text with `▁` for a space.
    case text(String)
    /// One byte of a UTF-8 character that has no piece of its own.
    case byte(UInt8, stored: String)
    /// A token that is no text: the end, padding, a sentinel, a character the vocabulary does not know.
    case special(String)

    /// The vocabulary entry as it is stored.
    package var stored: String {
        switch self {
        case .text(let piece), .byte(_, let piece), .special(let piece): piece
        }
    }

    /// How a special token is written in text; nil for any other.
    var specialText: String? {
        switch self {
        case .special(let text): text
        case .text, .byte: nil
        }
    }
}

extension Token {
    /// How the vocabulary writes a byte, such as `<0xE4>`.
    static func bytePiece(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
    }

    /// A byte when `piece` is written as one, else text.
    init(pieceOrByte piece: String) {
        let digits = piece.dropFirst(3).dropLast()
        if piece.utf8.count == 6, piece.hasPrefix("<0x"), piece.hasSuffix(">"), let byte = UInt8(digits, radix: 16) {
            self = .byte(byte, stored: piece)
        } else {
            self = .text(piece)
        }
    }
}
