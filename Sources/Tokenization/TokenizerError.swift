/// Why a tokenizer file could not be used.
package enum TokenizerError: Error, Equatable, Sendable {
    /// The library refused the file; `message` is its own.
    case unreadable(file: String, message: String)
    /// The file has pieces for which the model has no embedding.
    case largerThanModel(file: String, pieces: Int, vocabularySize: Int)
    /// The file cannot be opened; `message` is the system's.
    case unopened(file: String, message: String)
    case tooLarge(file: String, limit: Int, found: Int)
    /// Git has left a pointer where the file should be.
    case largeFilePointer(file: String)
    /// The file is no JSON, or lacks what it must have.
    case malformed(file: String, reason: String)
    /// A step this server would not take to the letter.
    case unsupported(file: String, component: String)
    /// A token has another id than its place gives it.
    case misnumbered(file: String, token: String, id: Int, expected: Int)
    /// A token for which the model has no embedding.
    case outsideModel(file: String, token: String, id: Int, vocabularySize: Int)
}

extension TokenizerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let file, let message):
            "'\(file)' is not a SentencePiece model: \(message)"
        case .largerThanModel(let file, let pieces, let vocabularySize):
            "'\(file)' has \(pieces) pieces, but the model's vocabulary holds \(vocabularySize) tokens"
        case .unopened(let file, let message): "'\(file)' could not be read: \(message)"
        case .tooLarge(let file, let limit, let found):
            "'\(file)' has \(found) bytes, more than the \(limit) a tokenizer file may have"
        case .largeFilePointer(let file):
            "'\(file)' is a pointer of Git LFS and not the file itself: 'git lfs pull' fetches it"
        case .malformed(let file, let reason): "'\(file)' is malformed: \(Self.shown(reason))"
        case .unsupported(let file, let component):
            "'\(file)': \(Self.shown(component)) is not one this server knows"
        case .misnumbered(let file, let token, let id, let expected):
            "'\(file)': token '\(Self.shown(token))' has the id \(id), but by its place in the vocabulary \(expected)"
        case .outsideModel(let file, let token, let id, let vocabularySize):
            "'\(file)': token '\(Self.shown(token))' has the id \(id), but the model's vocabulary holds "
                + "\(vocabularySize) tokens"
        }
    }

    /// Text of a file, cut and on one line.
    private static func shown(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value < 0x20 ? " " : $0 }))
    }
}
