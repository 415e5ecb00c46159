/// Why a tokenizer file could not be used.
package enum TokenizerError: Error, Equatable, Sendable {
    /// The library refused the file; `message` is its own.
    case unreadable(file: String, message: String)
    /// The file has pieces for which the model has no embedding.
    case largerThanModel(file: String, pieces: Int, vocabularySize: Int)
}

extension TokenizerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let file, let message):
            "'\(file)' is not a SentencePiece model: \(message)"
        case .largerThanModel(let file, let pieces, let vocabularySize):
            "'\(file)' has \(pieces) pieces, but the model's vocabulary holds \(vocabularySize) tokens"
        }
    }
}
