import Foundation
import Testing

@testable import Tokenization

/// The same ids and the same text as the reference tokenizers, whose answers `Tests/Parity/tokenizer_reference.py` made.
@Suite struct TokenizerParityTests {
    struct Case: Decodable {
        /// nil where ids were drawn, not cut.
        let text: String?
        let ids: [Int32]
        /// The text of the ids, and the same without special tokens.
        let shown: String
        let skipped: String
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

    private func compare(_ tokenizer: any Tokenizer, _ cases: [Case]) {
        #expect(cases.count > 100)
        for expected in cases {
            if let text = expected.text { #expect(tokenizer.encode(text) == expected.ids, "\(text.debugDescription)") }
            for (skips, text) in [(false, expected.shown), (true, expected.skipped)] {
                let whole = tokenizer.decode(expected.ids, skippingSpecialTokens: skips)
                // Of the same bytes: Swift holds texts of the same meaning equal.
                #expect(Array(whole.utf8) == Array(text.utf8), "\(expected.ids): \(whole) for \(text)")
                var stream = StreamingDetokenizer(tokenizer, skippingSpecialTokens: skips)
                let parts = expected.ids.map { stream.append($0) } + [stream.finish()]
                #expect(Array(parts.joined().utf8) == Array(text.utf8), "\(expected.ids)")
            }
        }
    }

    @Test func piecesOfCaptionsAreCutAndJoinedAsTheReference() throws {
        let model = Self.fixtures.appending(path: "captions/spiece.model")
        compare(try tokenizer(model, modelVocabularySize: 6000), try cases("tokenizer-captions.json"))
    }

    @Test(arguments: ["spiece.model", "tokenizer.json"])
    func oneVocabularyIsOneTextFromEitherFile(name: String) throws {
        let captions = Self.fixtures.appending(path: "captions/spiece.model")
        let folder = try TemporaryFolder()
        let isPieces = name == "spiece.model"
        try folder.write(
            name,
            isPieces ? Data(contentsOf: captions) : Data(SentencePieceFile(captions).tokenizerJSON())
        )
        let files = TokenizerDirectory(folder.url.path)
        #expect(files.source == name)
        compare(try #require(try files.tokenizer(modelVocabularySize: 6100)), try cases("tokenizer-joined.json"))
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
            #expect(parts.joined() == expected.shown)
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
