import Foundation
import Testing

@testable import Tokenization

/// The same ids and the same text as the reference tokenizers, whose answers `Tests/Parity/tokenizer_reference.py` made.
@Suite struct TokenizerParityTests {
    struct Case: Decodable {
        let text: String
        let ids: [Int32]
        let decoded: String
    }

    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let fixtures = tests.appending(path: "Parity/Fixtures")

    private func cases(_ name: String) throws -> [Case] {
        struct File: Decodable { let cases: [Case] }
        let data = try Data(contentsOf: Self.fixtures.appending(path: name))
        return try JSONDecoder().decode(File.self, from: data).cases
    }

    private func tokenizer(_ model: URL, modelVocabularySize: Int) throws -> SentencePieceTokenizer {
        try SentencePieceTokenizer(
            serialized: Array(Data(contentsOf: model)),
            modelVocabularySize: modelVocabularySize,
            fileName: model.lastPathComponent
        )
    }

    private func compare(_ tokenizer: SentencePieceTokenizer, _ cases: [Case]) {
        #expect(cases.count > 100)
        for expected in cases {
            #expect(tokenizer.encode(expected.text) == expected.ids, "\(expected.text.debugDescription)")
            #expect(
                tokenizer.decode(expected.ids, skippingSpecialTokens: false) == expected.decoded,
                "\(expected.text.debugDescription)"
            )
        }
    }

    @Test func piecesOfCaptionsAreCutAndJoinedAsTheReference() throws {
        let model = Self.fixtures.appending(path: "captions/spiece.model")
        compare(try tokenizer(model, modelVocabularySize: 6000), try cases("tokenizer-captions.json"))
    }

    @Test func bytesStandInForCharactersOutsideTheVocabulary() throws {
        let model = Self.fixtures.appending(path: "bytes.model")
        compare(try tokenizer(model, modelVocabularySize: 330), try cases("tokenizer-bytes.json"))
    }

    @Test func aCharacterOfSeveralBytePiecesIsStreamedOnlyWhole() throws {
        let tokenizer = try tokenizer(Self.fixtures.appending(path: "bytes.model"), modelVocabularySize: 330)
        for expected in try cases("tokenizer-bytes.json") {
            var stream = StreamingDetokenizer(tokenizer, skippingSpecialTokens: false)
            let parts = expected.ids.map { stream.append($0) } + [stream.finish()]
            #expect(parts.joined() == expected.decoded)
            #expect(!parts.contains { $0.contains("\u{FFFD}") })
        }
    }

    @Test func aMegabyteOfTextIsSplitInTime() throws {
        let model = Self.fixtures.appending(path: "captions/spiece.model")
        let tokenizer = try tokenizer(model, modelVocabularySize: 6100)
        let text = String(repeating: "A man <extra_id_0> rides a <horse. ", count: 30_000)
        let started = ContinuousClock.now
        #expect(tokenizer.encode(text).filter { $0 == 6099 }.count == 30_000)
        #expect(ContinuousClock.now - started < .seconds(60))
    }
}
