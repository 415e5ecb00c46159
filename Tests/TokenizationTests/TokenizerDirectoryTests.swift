import Foundation
import Testing

@testable import Tokenization

/// Folders with `spiece.model` and others beside it; expected ids are those of AutoTokenizer, transformers 5.23.0.
@Suite struct TokenizerDirectoryTests {
    private static let captions = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Parity/Fixtures/captions/spiece.model")

    private func folder(_ files: [String: String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("spiece.model", Data(contentsOf: Self.captions))
        for (name, text) in files { try folder.write(name, text) }
        return folder
    }

    private func tokenizer(_ files: [String: String], modelVocabularySize: Int = 6200) throws -> any Tokenizer {
        let folder = try folder(files)
        return try #require(
            try TokenizerDirectory(folder.url.path).tokenizer(modelVocabularySize: modelVocabularySize)
        )
    }

    @Test func aFolderWithoutFilesHasNoTokenizer() throws {
        let folder = try TemporaryFolder()
        #expect(TokenizerDirectory(folder.url.path).source == nil)
        #expect(try TokenizerDirectory(folder.url.path).tokenizer(modelVocabularySize: 10) == nil)
    }

    @Test func pieceModelsGoBeforeTokenizerJSON() throws {
        let folder = try folder(["tokenizer.json": "{}"])
        #expect(TokenizerDirectory(folder.url.path).source == "spiece.model")
        #expect(try TokenizerDirectory(folder.url.path).tokenizer(modelVocabularySize: 6100)?.vocabularySize == 6100)
    }

    @Test(arguments: [("{}", 6100), (#"{"extra_ids": 0}"#, 6000), (#"{"extra_ids": 7}"#, 6007)])
    func theConfigurationSaysHowManySentinelsThereAre(config: String, size: Int) throws {
        let tokenizer = try tokenizer(["tokenizer_config.json": config])
        #expect(tokenizer.vocabularySize == size)
        if size > 6000 { #expect(tokenizer.encode("<extra_id_0>") == [Int32(size - 1)]) }
    }

    @Test func addedTokensFollowTheSentinels() throws {
        let decoder = #"""
            {"added_tokens_decoder": {
                "6101": {"content": "[b]", "special": false},
                "6100": {"content": "<mytoken>", "lstrip": true, "special": true}}, "eos_token": "</s>"}
            """#
        let expected: [Int32] = [4, 6100, 4, 6101]
        let tokenizer = try tokenizer(["tokenizer_config.json": decoder])
        #expect(tokenizer.encode("a <mytoken>a[b]") == expected)
        #expect(tokenizer.decode(expected, skippingSpecialTokens: true) == "a a[b]")
    }

    @Test(arguments: [("extra", "a a[b]"), ("additional", "a<mytoken> a[b]")])
    func tokensOfTheOldFileAreSpecialWhenTheMapSaysSo(key: String, text: String) throws {
        let tokenizer = try tokenizer([
            "added_tokens.json": #"{"[b]": 6101, "<mytoken>": 6100}"#,
            "special_tokens_map.json": #"{"\#(key)_special_tokens": ["<mytoken>"]}"#,
        ])
        let ids: [Int32] = [4, 6100, 4, 6101]
        #expect(tokenizer.encode("a <mytoken>a[b]") == ids)
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == text)
    }

    @Test func theMapOverridesTheConfigurationUnlessThatNumbersTokens() throws {
        let map = #"{"mask_token": {"content": "<map>"}}"#
        let unnumbered = try tokenizer([
            "tokenizer_config.json": #"{"mask_token": "<config>"}"#, "special_tokens_map.json": map,
        ])
        #expect(unnumbered.piece(6100) == "<map>")
        let numbered = try tokenizer([
            "tokenizer_config.json": #"{"mask_token": "<config>", "added_tokens_decoder": {}}"#,
            "special_tokens_map.json": map,
        ])
        #expect(numbered.piece(6100) == "<config>")
    }

    @Test func piecesThatAreNamedSpecialAreSkipped() throws {
        let tokenizer = try tokenizer(["tokenizer_config.json": #"{"cls_token": "▁man"}"#])
        #expect(tokenizer.decode(tokenizer.encode("a man is"), skippingSpecialTokens: true) == "a is")
    }

    @Test func sentinelsWithoutRoomInTheModelAreText() throws {
        let config = #"{"extra_ids": 100, "extra_special_tokens": ["<extra_id_0>", "<extra_id_1>"]}"#
        #expect(try tokenizer(["tokenizer_config.json": config], modelVocabularySize: 6050).vocabularySize == 6000)
    }

    @Test func refusesTokensTheModelHasNoRoomFor() throws {
        #expect(throws: TokenizerError.self) {
            try tokenizer(["added_tokens.json": #"{"<t>": 6100}"#], modelVocabularySize: 6100)
        }
        #expect(throws: TokenizerError.self) { try tokenizer(["added_tokens.json": #"{"<t>": 6105}"#]) }
        #expect(throws: TokenizerError.self) { try tokenizer(["tokenizer_config.json": #"{"extra_ids": -1}"#]) }
        #expect(throws: TokenizerError.self) { try tokenizer(["tokenizer_config.json": "{"]) }
    }

    @Test(
        arguments: [
            (nil, "A man", "A"), (#"{"tokenizer_class": "T5TokenizerFast"}"#, "A man", "A"),
            (#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#, "A<unk> man</s>", "<extra_id_0> A"),
            (#"{"eos_token": "▁man"}"#, "A</s>", "A"),
        ] as [(String?, String, String)]
    )
    func piecesThatT5sTokenizerNamesAreSpecial(config: String?, sentence: String, sentinel: String) throws {
        let folder = try TemporaryFolder()
        let bytes = try SentencePieceFile(Self.captions).tokenizerJSON()
        var file = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        file["added_tokens"] = nil
        try folder.write("tokenizer.json", JSONSerialization.data(withJSONObject: file))
        if let config { try folder.write("tokenizer_config.json", config) }
        let files = TokenizerDirectory(folder.url.path)
        let tokenizer = try #require(try files.tokenizer(modelVocabularySize: 6100))
        #expect(tokenizer.decode([8, 2, 23, 1], skippingSpecialTokens: false) == "A<unk> man</s>")
        #expect(tokenizer.decode([8, 2, 23, 1], skippingSpecialTokens: true) == sentence)
        #expect(tokenizer.decode([6099, 8], skippingSpecialTokens: true) == sentinel)
    }

    @Test func anUnknownPieceThatIsSaidNotToBeSpecialIsSpecialToT5() throws {
        let folder = try TemporaryFolder()
        let bytes = try SentencePieceFile(Self.captions).tokenizerJSON()
        var file = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        file["added_tokens"] = [["id": 2, "content": "<unk>", "special": false]]
        try folder.write("tokenizer.json", JSONSerialization.data(withJSONObject: file))
        let files = TokenizerDirectory(folder.url.path)
        let tokenizer = try #require(try files.tokenizer(modelVocabularySize: 6100))
        #expect(tokenizer.decode([8, 2, 23], skippingSpecialTokens: true) == "A man")
    }

    @Test func refusesFilesAboveTheLimitAndFolders() throws {
        let folder = try folder([:])
        let path = folder.url.appending(path: "spiece.model").path
        let size = try #require(try TokenizerFile.readIfPresent(path)).count
        #expect(throws: TokenizerError.tooLarge(file: path, limit: size - 1, found: size)) {
            try TokenizerFile.readIfPresent(path, limit: size - 1)
        }
        #expect(throws: TokenizerError.self) { try TokenizerFile.readIfPresent(folder.url.path) }
    }

    @Test(arguments: [
        ("chat_template.jinja", "{{ messages }}", "chat_template.jinja" as String?),
        ("tokenizer_config.json", #"{"chat_template": "{{ messages }}"}"#, "tokenizer_config.json"),
        ("tokenizer_config.json", #"{"chat_template": null}"#, nil), ("tokenizer_config.json", "[", nil),
        ("config.json", #"{"chat_template": "x"}"#, nil),
    ])
    func aTemplateForConversationsIsFound(file: String, text: String, source: String?) throws {
        let folder = try TemporaryFolder()
        try folder.write(file, text)
        #expect(TokenizerDirectory(folder.url.path).chatTemplateSource == source)
    }
}
