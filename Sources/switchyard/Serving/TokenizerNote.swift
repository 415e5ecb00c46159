import Checkpoints
import SwitchModel
import Tokenization

/// What is to be said of the tokenizer of a checkpoint whose makers left none in it.
struct TokenizerNote {
    let text: String

    /// Rows of an embedding are filled up to a multiple of this.
    private static let rounding = 128

    /// nil for a directory of the Hugging Face layout, and for a tokenizer that may be the model's.
    ///
    /// - Throws: `TokenizerError` for a file that cannot be used.
    init?(_ directory: String, _ checkpoint: CheckpointDirectory, _ model: SwitchConfiguration) throws {
        guard let original = checkpoint.original else { return nil }
        let tokenizer = try TokenizerDirectory(directory).tokenizer(modelVocabularySize: model.vocabularySize)
        self.init(tokens: tokenizer?.vocabularySize, rows: model.vocabularySize, layout: original.layout.rawValue)
    }

    /// - Parameter tokens: of the tokenizer; nil without one.
    init?(tokens: Int?, rows: Int, layout: String) {
        guard let tokens else {
            text =
                "\(layout) leaves no tokenizer in a checkpoint: put the model's spiece.model or tokenizer.json beside it"
            return
        }
        guard (tokens + Self.rounding - 1) / Self.rounding != (rows + Self.rounding - 1) / Self.rounding else {
            return nil
        }
        text = "the tokenizer has \(tokens) tokens and the model \(rows): is it the model's?"
    }
}
