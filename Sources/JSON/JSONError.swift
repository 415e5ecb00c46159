/// Why some bytes are not the JSON this program reads, and where.
package struct JSONError: Error, Equatable, Sendable {
    /// What is wrong with the byte at `offset`, or with what ends there.
    package enum Problem: Equatable, Sendable {
        case noValue
        case noText
        /// Begins like `true`, `false` or `null`, and is none of them.
        case misspelled(String)
        case noName
        case noColon
        /// After an element, or after the value of a member.
        case noCommaOrBracket(UInt8)
        case commaBeforeBracket
        case trailingBytes
        case malformedNumber
        /// Beyond the range of a double.
        case numberOutOfRange
        case unendedString
        case controlCharacter
        case unknownEscape
        case malformedUnicodeEscape
        case halfSurrogatePair
        case invalidUTF8
        /// More than `limit` combining marks in a row.
        case tooManyMarks(limit: Int)
        case duplicateName(String)
        /// `limit` objects and arrays are open, and another one begins.
        case nestedTooDeeply(limit: Int)
    }

    package var problem: Problem
    /// Bytes that were read before the problem was seen.
    package var offset: Int
}

extension JSONError: CustomStringConvertible {
    package var description: String { "\(problem) at byte \(offset)" }
}

extension JSONError.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noValue: "no JSON value starts"
        case .noText: "the text ends where a value should be"
        case .misspelled(let literal): "expected '\(literal)'"
        case .noName: "expected a key in quotes"
        case .noColon: "expected ':' after a key"
        case .noCommaOrBracket(let bracket): "expected ',' or '\(Character(Unicode.Scalar(bracket)))'"
        case .commaBeforeBracket: "a comma before a closing bracket"
        case .trailingBytes: "unexpected bytes after the JSON value"
        case .malformedNumber: "malformed number"
        case .numberOutOfRange: "a number is out of range"
        case .unendedString: "a string does not end"
        case .controlCharacter: "a control character inside a string"
        case .unknownEscape: "unknown escape in a string"
        case .malformedUnicodeEscape: "malformed \\u escape in a string"
        case .halfSurrogatePair: "half a surrogate pair in a string"
        case .invalidUTF8: "text is not UTF-8"
        case .tooManyMarks(let limit): "a text with more than \(limit) combining marks in a row ends"
        case .duplicateName(let name): "the key \(Self.quoted(name)) is given twice"
        case .nestedTooDeeply(let limit): "values nested deeper than \(limit) levels"
        }
    }

    /// In quotes, on one line, at most 160 characters.
    private static func quoted(_ name: String) -> String {
        let scalars = name.unicodeScalars
        let line = scalars.prefix(160).map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : String($0) }
        return "'" + line.joined() + (scalars.dropFirst(160).isEmpty ? "'" : "…'")
    }
}
