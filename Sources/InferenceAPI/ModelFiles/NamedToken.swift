import Tokenization

/// A token that a file of a model directory names.
package enum NamedToken: Equatable, Sendable {
    /// In the vocabulary, or not.
    case id(Int)
    /// As the vocabulary stores it.
    case text(String)

    /// nil when the vocabulary has no such token.
    func id(in tokenizer: any Tokenizer) -> Int? {
        switch self {
        case .id(let id): return id < tokenizer.vocabularySize ? id : nil
        case .text(let text):
            let tokens = tokenizer.encode(text)
            if let id = tokens.first(where: { tokenizer.piece($0) == text }) { return Int(id) }
            return (0..<tokenizer.vocabularySize).first { tokenizer.piece(Int32($0)) == text }
        }
    }
}
