import Foundation
import Testing

@testable import Tokenization

/// What AutoTokenizer of transformers 5.23.0 puts behind a text.
@Suite struct TextEndTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Parity/Fixtures")
    private static var unknownBehindText: [String: Any] {
        [
            "type": "TemplateProcessing",
            "single": [["Sequence": ["id": "A", "type_id": 0]], ["SpecialToken": ["id": "<unk>", "type_id": 0]]],
        ]
    }

    @Test(arguments: [("{}", [1]), (#"{"eos_token": "<unk>"}"#, [2]), (#"{"eos_token": "<fin>"}"#, [6100])])
    func behindPiecesComesTheTokenThatTheFilesName(config: String, end: [Int32]) throws {
        let folder = try TemporaryFolder()
        try folder.write("spiece.model", Data(contentsOf: Self.fixtures.appending(path: "captions/spiece.model")))
        try folder.write("tokenizer_config.json", config)
        let tokenizer = try TokenizerDirectory(folder.url.path).tokenizer(modelVocabularySize: 6200)
        #expect(tokenizer?.textEnd == end)
    }

    @Test(arguments: [
        ("{}", false, [1]), ("{}", true, [1]), (#"{"eos_token": "<unk>"}"#, false, [2]),
        (#"{"tokenizer_class": "T5TokenizerFast"}"#, true, [1]),
        (#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#, false, []),
        (#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#, true, [2]),
        (#"{"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<unk>"}"#, false, []),
    ])
    func theTemplateCountsWhereAnotherClassThanT5sReadsIt(config: String, hasTemplate: Bool, end: [Int32]) throws {
        let file = Self.fixtures.appending(path: "unigram-bytes/tokenizer.json")
        var content = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        content["post_processor"] = hasTemplate ? Self.unknownBehindText : nil
        let folder = try TemporaryFolder()
        try folder.write("tokenizer.json", JSONSerialization.data(withJSONObject: content))
        try folder.write("tokenizer_config.json", config)
        let tokenizer = try TokenizerDirectory(folder.url.path).tokenizer(modelVocabularySize: 600)
        #expect(tokenizer?.textEnd == end)
    }

    @Test func aVocabularyWithoutTheTokenLeavesTheEndToTheModel() throws {
        let bytes = try Data(contentsOf: Self.fixtures.appending(path: "unigram-bytes/tokenizer.json"))
        var description = try TokenizerDescription([UInt8](bytes), file: "f")
        description.model.vocab = description.model.vocab.map {
            $0.piece == "</s>" ? .init(piece: "<end>", score: $0.score) : $0
        }
        description.added_tokens?.removeAll { $0.content == "</s>" }
        let files = SpecialTokenFiles(sentinels: nil)
        let tokenizer = try UnigramTokenizer(description, declared: files, modelVocabularySize: 600, file: "f")
        #expect(tokenizer.textEnd == nil)
    }
}
