import Foundation
import TestSupport
import Testing

@testable import Tokenization

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
private let fixtures = root.appending(path: "Tests/Parity/Fixtures")
private let captions = fixtures.appending(path: "captions/spiece.model")

/// A tokenizer of the pieces `<pad> </s> <unk> ▁ a b ab ▁a`, with parts of the file replaced.
private func tokenizer(
    _ parts: [String: Any] = [:],
    unigram: [String: Any] = [:],
    modelVocabularySize: Int = 100
) throws -> UnigramTokenizer {
    let pieces: [(String, Double)] = [
        ("<pad>", 0), ("</s>", 0), ("<unk>", 0), ("▁", -3), ("a", -4), ("b", -4), ("ab", -5), ("▁a", -4),
    ]
    let model: [String: Any] = ["type": "Unigram", "unk_id": 2, "vocab": pieces.map { [$0, $1] }]
    let metaspace = ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"]
    let file: [String: Any] = [
        "model": model.merging(unigram) { $1 }, "pre_tokenizer": metaspace, "decoder": metaspace,
    ]
    let bytes = [UInt8](try JSONSerialization.data(withJSONObject: file.merging(parts) { $1 }))
    let description = try TokenizerDescription(bytes, file: "f")
    return try UnigramTokenizer(
        description,
        declared: SpecialTokenFiles(sentinels: nil),
        modelVocabularySize: modelVocabularySize,
        file: "f"
    )
}

private func added(_ content: String, _ flags: [String: Bool] = [:]) -> [String: Any] {
    flags.reduce(into: ["content": content, "special": true]) { $0[$1.key] = $1.value }
}

@Test func aTokenizerJSONCutsAndJoinsAsTheReference() throws {
    let folder = try TemporaryFolder()
    try folder.write("tokenizer.json", Data(SentencePieceFile(captions).tokenizerJSON()))
    let reference = try ReferenceLines(fixtures.appending(path: "unigram-t5/lines.jsonl"))
    #expect(reference.lines.count == 160)
    reference.compare(try #require(try TokenizerDirectory(folder.url.path).tokenizer(modelVocabularySize: 6100)))
}

@Test func bytePiecesAndFlagsOfAddedTokensAreTheReferences() throws {
    let folder = fixtures.appending(path: "unigram-bytes")
    let reference = try ReferenceLines(folder.appending(path: "lines.jsonl"))
    #expect(reference.lines.count == 160)
    let files = TokenizerDirectory(folder.path)
    reference.compare(try #require(try files.tokenizer(modelVocabularySize: reference.vocabularySize)))
}

// SentencePiece cuts each of these otherwise with the same pieces.
@Test(
    arguments: [
        ("95.000", [7, 2641, 2779, 3, 2004, 4067]), ("＜/s＞", [7, 1]), ("你＜unk＞好", [7, 2]), ("ª\u{301}b", [466]),
        ("a\u{85}b", [4, 824]),
    ] as [(String, [Int32])]
)
func whatSentencePieceCutsOtherwiseIsCutAsTheReference(text: String, ids: [Int32]) throws {
    let bytes = try SentencePieceFile(captions).tokenizerJSON()
    let description = try TokenizerDescription(bytes, file: "f")
    let tokenizer = try UnigramTokenizer(
        description,
        declared: SpecialTokenFiles(sentinels: nil),
        modelVocabularySize: 6100,
        file: "f"
    )
    #expect(tokenizer.encode(text) == ids)
}

@Test func tiesGoToTheCutFoundFirst() throws {
    let vocabulary: [[Any]] = [["<unk>", 0.0], ["a", -4.0], ["b", -4.0], ["ab", -8.0], ["▁", -1.0]]
    let tokenizer = try tokenizer(unigram: ["unk_id": 0, "vocab": vocabulary])
    #expect(tokenizer.encode("ab").map { tokenizer.piece($0) } == ["▁", "ab"])
}

@Test func unknownNeighboursThatAreAPieceTogetherAreThatPiece() throws {
    let vocabulary: [[Any]] = [["<pad>", 0.0], ["a", -1.0], ["aa", -30.0], ["b", -2.0], ["▁", -1.0]]
    #expect(try tokenizer(unigram: ["unk_id": 1, "vocab": vocabulary]).encode("aab aaa") == [4, 2, 3, 4, 1])
}

@Test func valuesNestedTooDeeplyAreRefused() {
    let deep = { (depth: Int) in
        #"{"normalizer": "# + String(repeating: #"{"type": "Sequence", "normalizers": ["#, count: depth)
            + String(repeating: "]}", count: depth)
            + #", "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0]]}}"#
    }
    let decode = { (text: String) in try TokenizerDescription(Array(text.utf8), file: "f") }
    #expect(throws: Never.self) { try decode(deep(60)) }
    #expect(throws: TokenizerError.self) { try decode(deep(70)) }
}

@Test(arguments: [
    ("[]", "it is an array, expected an object"), ("{}", "it has no 'model'"),
    (#"{"model": {"type": "Unigram"}}"#, "'model' has no 'vocab'"),
    (#"{"model": {"vocab": [["a", 1], ["b"]]}}"#, "'model.vocab.1' is no array of a piece and its score"),
    (#"{"model": {"vocab": {"a": 1}}}"#, "'model.vocab' is an object, expected an array"),
    (#"{"model": {"unk_id": "2"}}"#, "'model.unk_id' is a string, expected a whole number"),
    (#"{"model": {"unk_id": 1.5}}"#, "'model.unk_id' is 1.5, expected a whole number"),
    (#"{"normalizer": {"type": "Sequence", "normalizers": [{}]}}"#, "'normalizer.normalizers.0' has no 'type'"),
    (#"{"added_tokens": [{"content": "a", "special": 1}]}"#, "'added_tokens.0.special' is 1, expected true or false"),
    (#"{"model": {"vocab": [["a", 1],]}}"#, "a comma before a closing bracket at byte 30"),
])
func whatIsWrongInAFileIsSaidWithItsPlace(text: String, reason: String) {
    #expect(throws: TokenizerError.malformed(file: "f", reason: reason)) {
        try TokenizerDescription(Array(text.utf8), file: "f")
    }
}

@Test func theLastOfEqualNamesInAFileCounts() throws {
    let text =
        #"{"model": {"type": "BPE", "vocab": [["a", 1]], "type": "Unigram", "unk_id": 1, "unk_id": 0}, "x": null}"#
    let model = try TokenizerDescription(Array(text.utf8), file: "f").model
    #expect(model.type == "Unigram" && model.unk_id == 0 && model.vocab.map(\.piece) == ["a"])
}

@Test func unknownNeighboursAreOneUnlessAWordEnds() throws {
    #expect(try tokenizer().encode("xyz xb") == [3, 2, 3, 2, 5])
}

@Test(
    arguments: [
        ([:], "a <t> b", [7, 3, 8, 3, 5]), (["lstrip": true], "a <t> b", [7, 8, 3, 5]),
        (["rstrip": true], "a <t> b", [7, 3, 8, 3, 5]), (["rstrip": true], "a <t>\t\u{2003} b", [7, 3, 8, 3, 5]),
        (["lstrip": true, "rstrip": true], "<t>  <t>", [8, 8]), (["single_word": true], "a<t>b", [7, 2, 5]),
        (["single_word": true], "-<t>-", [3, 2, 8, 3, 2]),
    ] as [([String: Bool], String, [Int32])]
)
func flagsOfAddedTokensDecideOnWhatIsAround(flags: [String: Bool], text: String, ids: [Int32]) throws {
    #expect(try tokenizer(["added_tokens": [added("<t>", flags)]]).encode(text) == ids)
}

@Test(arguments: ["Lowercase", "NFKC", "BertNormalizer", "Nmt"])
func refusesNormalizersItDoesNotKnow(type: String) {
    #expect(throws: TokenizerError.unsupported(file: "f", component: "normalizer '\(type)'")) {
        try tokenizer(["normalizer": ["type": "Sequence", "normalizers": [["type": type]]]])
    }
}

@Test func refusesOtherStepsByName() {
    let cases: [(part: String, value: [String: Any], component: String)] = [
        ("model", ["type": "BPE", "vocab": ["a": 1], "merges": []], "model 'BPE'"),
        ("model", ["type": "WordPiece", "vocab": ["a": 1]], "model 'WordPiece'"),
        ("pre_tokenizer", ["type": "ByteLevel"], "pre_tokenizer 'ByteLevel'"),
        ("decoder", ["type": "WordPiece"], "decoder 'WordPiece'"),
        ("post_processor", ["type": "BertProcessing"], "post_processor 'BertProcessing'"),
        ("normalizer", ["type": "Replace", "pattern": ["Regex": "a+"], "content": ""], "normalizer 'Replace' of 'a+'"),
        (
            "pre_tokenizer", ["type": "Metaspace", "replacement": "_"],
            "pre_tokenizer 'Metaspace' with '_' for a space"
        ),
    ]
    for (part, value, component) in cases {
        #expect(throws: TokenizerError.unsupported(file: "f", component: component)) { try tokenizer([part: value]) }
    }
    let error = TokenizerError.unsupported(file: "m/tokenizer.json", component: "normalizer 'Lowercase'")
    #expect("\(error)" == "'m/tokenizer.json': normalizer 'Lowercase' is not one this server knows")
}

@Test(arguments: [(6000, 0), (6040, 40), (6100, 100)])
func sentinelsTheModelHasNoRowsForAreText(modelVocabularySize: Int, sentinels: Int) throws {
    let folder = try TemporaryFolder()
    try folder.write("tokenizer.json", Data(SentencePieceFile(captions).tokenizerJSON()))
    try folder.write("tokenizer_config.json", #"{"extra_special_tokens": ["<extra_id_0>", "<extra_id_99>"]}"#)
    let files = TokenizerDirectory(folder.url.path)
    let tokenizer = try #require(try files.tokenizer(modelVocabularySize: modelVocabularySize))
    #expect(tokenizer.vocabularySize == modelVocabularySize)
    #expect((tokenizer.encode("<extra_id_99>") == [6000]) == (sentinels > 0))
    #expect((tokenizer.encode("<extra_id_0>") == [6099]) == (sentinels == 100))
    #expect(tokenizer.encode("<extra_id_0>").allSatisfy { $0 < modelVocabularySize })
}

@Test func refusesVocabulariesThatContradictThemselves() throws {
    #expect(throws: TokenizerError.self) { try tokenizer(unigram: ["unk_id": 8]) }
    #expect(throws: TokenizerError.self) { try tokenizer(unigram: ["unk_id": -1]) }
    #expect(throws: TokenizerError.self) {
        try tokenizer(unigram: ["vocab": [["<unk>", 0.0], ["a", 0.0], ["a", 0.0]]])
    }
    #expect(throws: TokenizerError.self) {
        try tokenizer(unigram: ["vocab": [["<unk>", 0.0], ["", 0.0], ["a", 0.0]]])
    }
    #expect(throws: TokenizerError.largerThanModel(file: "f", pieces: 8, vocabularySize: 7)) {
        try tokenizer(modelVocabularySize: 7)
    }
    var token = added("<t>")
    #expect(throws: TokenizerError.outsideModel(file: "f", token: "<t>", id: 8, vocabularySize: 8)) {
        try tokenizer(["added_tokens": [token]], modelVocabularySize: 8)
    }
    token["id"] = 50
    #expect(throws: TokenizerError.misnumbered(file: "f", token: "<t>", id: 50, expected: 8)) {
        try tokenizer(["added_tokens": [token]])
    }
}

@Test func brokenFilesAreRefusedWithoutATrap() throws {
    let folder = fixtures.appending(path: "unigram-bytes")
    let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "tokenizer.json")))
    for seed in 0..<UInt64(300) {
        var random = SplitMix(state: seed)
        var broken = bytes
        for _ in 0..<4 {
            broken[Int.random(in: 0..<broken.count, using: &random)] = .random(in: 0...127, using: &random)
        }
        if seed.isMultiple(of: 3) { broken.removeLast(Int.random(in: 1..<broken.count, using: &random)) }
        guard let description = try? TokenizerDescription(broken, file: "f"),
            let tokenizer = try? UnigramTokenizer(
                description,
                declared: SpecialTokenFiles(sentinels: nil),
                modelVocabularySize: 1000,
                file: "f"
            )
        else { continue }
        let ids = tokenizer.encode("Ein ﬁ＜ Mann ª\u{301} [name] <mine> 世")
        #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
        _ = tokenizer.decode(ids, skippingSpecialTokens: false)
    }
}

@Test func charsmapsOfRandomBytesDoNotTrap() {
    for seed in 0..<UInt64(300) {
        var random = SplitMix(state: seed)
        var bytes = (0..<Int.random(in: 0...600, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        if bytes.count > 4 { bytes.replaceSubrange(0..<4, with: [UInt8(bytes.count / 8 * 4 % 256), 0, 0, 0]) }
        _ = PrecompiledCharsmap(bytes)?.normalize("aäﬁ\u{301}\u{0}\r\n世🙂")
    }
}

@Test func scoresAreRoundedAsTheReferenceReadsThem() {
    // What tokenizers 0.23.3 writes after it read them.
    #expect(DecimalReading.rounded(-3.6665568351745605) == -3.666556835174561)
    #expect(DecimalReading.rounded(-1.8036320513112738) == -1.8036320513112736)
    for exact in [0, -0.5, 1e-7, -1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude] {
        #expect(DecimalReading.rounded(exact) == exact)
    }
}
