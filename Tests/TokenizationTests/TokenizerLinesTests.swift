import Foundation
import Testing

@testable import Tokenization

/// Thousands of lines beside the reference tokenizers, of `make tokenizer-parity`; skipped without them.
@Suite struct TokenizerLinesTests {
    private static let folder = ProcessInfo.processInfo.environment["SWITCHYARD_TOKENIZER_LINES"]

    @Test(.enabled(if: folder != nil), arguments: ["t5", "converted", "bytes", "trained", "pieces"])
    func cutsAndJoinsEveryLineAsTheReference(name: String) throws {
        let directory = try URL(filePath: #require(Self.folder)).appending(path: name)
        let reference = try ReferenceLines(directory.appending(path: "lines.jsonl"))
        #expect(reference.lines.count > 1000)
        let files = TokenizerDirectory(directory.path)
        let tokenizer = try #require(try files.tokenizer(modelVocabularySize: reference.vocabularySize))
        // Releases of SentencePiece round otherwise where scores add up to the same.
        reference.compare(tokenizer, acceptingTies: name == "pieces")
    }
}
