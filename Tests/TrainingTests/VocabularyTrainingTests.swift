import Testing
import Tokenization

/// Vocabularies made of text.
@Suite struct VocabularyTrainingTests {
    private let lines = (0..<300).map { "the quick brown fox number \($0) jumps over the lazy dog" }

    @Test func aUnigramVocabularyReadsItsText() throws {
        var training = VocabularyTraining()
        training.size = 60
        let bytes = try training.train(lines)
        #expect(try training.train(lines) == bytes)
        let pieces = try SentencePieceTokenizer.pieceCount(serialized: bytes, fileName: "test")
        #expect(pieces <= 60 && pieces > 30)
        let tokenizer = try SentencePieceTokenizer(serialized: bytes, modelVocabularySize: pieces, fileName: "test")
        let ids = tokenizer.encode(lines[7])
        #expect(ids.count < lines[7].count)
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == lines[7])
        #expect(tokenizer.piece(1) == "</s>")
    }

    @Test func aVocabularyOfCharactersKeepsSpacesAndLines() throws {
        var training = VocabularyTraining()
        training.kind = .characters
        training.size = 100
        let bytes = try training.train(lines)
        let pieces = try SentencePieceTokenizer.pieceCount(serialized: bytes, fileName: "test")
        let tokenizer = try SentencePieceTokenizer(serialized: bytes, modelVocabularySize: pieces, fileName: "test")
        let text = "fox\n\nthe  dog"
        let ids = tokenizer.encode(text)
        #expect(ids.count == text.unicodeScalars.count)
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == text)
    }

    @Test func noTextIsAnError() {
        #expect(throws: TokenizerError.self) { try VocabularyTraining().train([]) }
    }
}
