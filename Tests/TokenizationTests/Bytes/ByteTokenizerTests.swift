import Foundation
import Testing

@testable import Tokenization

/// ByT5's bytes and MADLAD's language tokens, beside what `Tests/Parity/byt5_reference.py` found.
@Suite struct ByteTokenizerTests {
    private struct Lines: Decodable {
        struct Encoded: Decodable {
            let text: String
            let ids: [Int32]
        }

        struct Decoded: Decodable {
            let ids: [Int32]
            let text: String
            let all: String
        }

        let encoded: [Encoded]
        let decoded: [Decoded]
    }

    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Parity/Fixtures")

    private func load(_ name: String, rows: Int) throws -> (tokenizer: any Tokenizer, lines: Lines) {
        let folder = Self.fixtures.appending(path: name)
        let tokenizer = try TokenizerDirectory(folder.path).tokenizer(modelVocabularySize: rows)
        let lines = try JSONDecoder().decode(Lines.self, from: Data(contentsOf: folder.appending(path: "lines.json")))
        return (try #require(tokenizer), lines)
    }

    @Test(arguments: [("byt5", 384), ("madlad", 128)]) func textBecomesTheReferencesIds(name: String, rows: Int) throws
    {
        let (tokenizer, lines) = try load(name, rows: rows)
        for line in lines.encoded { #expect(tokenizer.encode(line.text) == line.ids, "\(line.text)") }
        #expect(lines.encoded.count >= 3)
    }

    @Test func idsBecomeTheReferencesText() throws {
        let (tokenizer, lines) = try load("byt5", rows: 384)
        for line in lines.decoded {
            #expect(tokenizer.decode(line.ids, skippingSpecialTokens: true) == line.text, "\(line.ids)")
            #expect(tokenizer.decode(line.ids, skippingSpecialTokens: false) == line.all, "\(line.ids)")
        }
        #expect(lines.decoded.count > 50 && tokenizer.vocabularySize == 384 && tokenizer.textEnd == [1])
    }

    @Test func aCharacterIsGivenOutWithItsLastByte() throws {
        let (tokenizer, _) = try load("byt5", rows: 384)
        var detokenizer = StreamingDetokenizer(tokenizer, skippingSpecialTokens: true)
        #expect(tokenizer.encode("é🙂").map { detokenizer.append($0) } == ["", "é", "", "", "", "🙂"])
        #expect(detokenizer.finish() == "")
    }

    @Test func aBrokenCharacterTakesNothingWithIt() throws {
        let (tokenizer, _) = try load("byt5", rows: 384)
        // The first byte of three, a letter, and a whole character that begins within what three bytes would be.
        let ids = [0xE4, 0x41, 0xC3, 0xA4].map { Int32($0) + 3 }
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == "Aä")
    }

    @Test func aLanguageIsOneToken() throws {
        let (tokenizer, _) = try load("madlad", rows: 128)
        let ids = tokenizer.encode("<2de> the")
        #expect(ids.count { tokenizer.piece($0) == "<2de>" } == 1 && tokenizer.textEnd == [2])
    }

    @Test func theSmallestModelHasRoomForBytesAndNoSentinels() throws {
        #expect(try load("byt5", rows: 384).tokenizer.piece(259) == "<extra_id_0>")
        let folder = try TemporaryFolder()
        try folder.write("tokenizer_config.json", #"{"tokenizer_class": "ByT5Tokenizer"}"#)
        let directory = TokenizerDirectory(folder.url.path)
        #expect(try directory.tokenizer(modelVocabularySize: 259)?.vocabularySize == 259)
        #expect(throws: TokenizerError.self) { try directory.tokenizer(modelVocabularySize: 258) }
    }
}
