/// Why a tokenizer could not be used.
package enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    case malformedModel(file: String, reason: String)
    case vocabularyTooLarge(file: String, pieces: Int, modelVocabulary: Int)

    package var description: String {
        switch self {
        case .malformedModel(let file, let reason):
            "'\(file)' is not a usable SentencePiece model: \(reason)"
        case .vocabularyTooLarge(let file, let pieces, let modelVocabulary):
            "'\(file)' has \(pieces) pieces, but the model's vocabulary has room for \(modelVocabulary)"
        }
    }
}
