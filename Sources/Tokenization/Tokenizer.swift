/// Turns text into token ids and back.
///
/// Safe to use from several threads at once.
package protocol Tokenizer: Sendable {
    /// Ids run from 0 up to this, exclusive; the model's vocabulary may be larger (padding).
    var vocabularySize: Int { get }

    /// How pieces become text.
    var joining: PieceJoining { get }

    /// What follows the tokens of a text in a prompt, `</s>` most often or nothing; nil when the vocabulary has no such token.
    var textEnd: [Int32]? { get }

    /// Token ids of `text`, without `textEnd`.
    ///
    /// Special tokens written out, such as `<extra_id_0>`, become their own ids; text between them is cut on its own.
    func encode(_ text: String) -> [Int32]

    /// The vocabulary entry of one id as it is stored, such as `▁Haus`; nil outside the vocabulary.
    func piece(_ id: Int32) -> String?

    /// What one id stands for; nil outside the vocabulary.
    func token(_ id: Int32) -> Token?
}

extension Tokenizer {
    package var joining: PieceJoining { .dropsFirstSpaces }

    /// The id of the entry that is stored as `name`, nil when there is none.
    func id(named name: String) -> Int32? {
        (0..<Int32(vocabularySize)).first { token($0)?.stored == name }
    }

    /// Text of `ids`; those outside the vocabulary decode to nothing.
    ///
    /// - Parameter continuesText: the ids go on with a text, so that a space they begin with is part of it.
    package func decode(_ ids: [Int32], skippingSpecialTokens: Bool, continuesText: Bool = false) -> String {
        var detokenizer = StreamingDetokenizer(
            self,
            skippingSpecialTokens: skippingSpecialTokens,
            continuesText: continuesText
        )
        return ids.map { detokenizer.append($0) }.joined() + detokenizer.finish()
    }
}
