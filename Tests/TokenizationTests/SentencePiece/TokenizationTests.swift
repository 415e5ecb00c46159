import Foundation
import TestSupport
import Testing

@testable import Tokenization

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

private func captionBytes() throws -> [UInt8] {
    Array(try Data(contentsOf: root.appending(path: "Tests/Parity/Fixtures/captions/spiece.model")))
}

private func tokenizer(modelVocabularySize: Int = 6100) throws -> SentencePieceTokenizer {
    try SentencePieceTokenizer(
        serialized: captionBytes(),
        modelVocabularySize: modelVocabularySize,
        fileName: "spiece.model"
    )
}

// Expected pieces are those of T5Tokenizer, transformers 5.23.0, on Tests/Parity/Fixtures/captions.
@Test(arguments: [
    ("", []), ("   ", []), ("A man is here.", ["▁A", "▁man", "▁is", "▁here", "."]),
    ("A<extra_id_0>man", ["▁A", "<extra_id_0>", "▁man"]), ("a </s> b", ["▁a", "</s>", "▁b"]),
    ("<unk> x", ["<unk>", "▁", "x"]), ("<extra_id_0>  <extra_id_1> x ", ["<extra_id_0>", "<extra_id_1>", "▁", "x"]),
    ("line\nbreak", ["▁line", "▁break"]), ("a\u{0}b", ["▁a", "<unk>", "b"]), ("ﬁre", ["▁fire"]),
    ("e\u{301}a", ["▁", "é", "a"]), ("a <pad> b", ["▁a", "<pad>", "▁b"]),
])
func splitsTextAsTransformersDoes(text: String, pieces: [String]) throws {
    let tokenizer = try tokenizer()
    #expect(tokenizer.encode(text).map { tokenizer.piece($0) } == pieces)
}

@Test func sentinelsCountDownFromTheTop() throws {
    #expect(try tokenizer().encode("<extra_id_0><extra_id_99>") == [6099, 6000])
    #expect(try tokenizer(modelVocabularySize: 6000).encode("<extra_id_0>").count > 1)
}

@Test func refusesMorePiecesThanTheModelHasRoomFor() throws {
    #expect(throws: TokenizerError.largerThanModel(file: "spiece.model", pieces: 6000, vocabularySize: 5999)) {
        try tokenizer(modelVocabularySize: 5999)
    }
}

@Test func refusesTruncatedModels() throws {
    let bytes = try captionBytes()
    for count in [0, 1, 1000, bytes.count - 1] {
        #expect(throws: TokenizerError.self) {
            try SentencePieceTokenizer(serialized: Array(bytes[..<count]), modelVocabularySize: 6000, fileName: "f")
        }
    }
}

@Test(arguments: [true, false])
func streamedTextEqualsDecodedText(skipping: Bool) throws {
    let tokenizer = try tokenizer()
    for seed in 0..<UInt64(2000) {
        var random = SplitMix(state: seed)
        let ids = (0..<Int.random(in: 0...20, using: &random)).map { _ in
            Bool.random(using: &random)
                ? Int32.random(in: -2...12, using: &random) : .random(in: 0...6110, using: &random)
        }
        var stream = StreamingDetokenizer(tokenizer, skippingSpecialTokens: skipping)
        let parts = ids.map { stream.append($0) } + [stream.finish()]
        #expect(parts.joined() == tokenizer.decode(ids, skippingSpecialTokens: skipping), "\(ids)")
    }
}

@Test func aTokenizerWithoutRoomForSentinelsReadsThemAsText() throws {
    #expect(try tokenizer(modelVocabularySize: 6099).piece(6000) == nil)
}

@Test func unknownCharactersAreASpecialToken() throws {
    let tokenizer = try tokenizer()
    // As transformers 5.23.0 decodes them.
    #expect(tokenizer.decode([349, 382, 13], skippingSpecialTokens: true) == "tran")
    #expect(tokenizer.decode([2, 349, 2], skippingSpecialTokens: true) == "t")
    #expect(tokenizer.decode([2, 349, 2], skippingSpecialTokens: false) == "<unk> t<unk>")
}

@Test func linesEndInPiecesOfTheirOwn() throws {
    var training = VocabularyTraining()
    training.kind = .characters
    let bytes = try training.train(["ab ba", "b a"])
    let tokenizer = try SentencePieceTokenizer(serialized: bytes, modelVocabularySize: 200, fileName: "f")
    let ids = tokenizer.encode("a\nb")
    #expect(ids.map { tokenizer.piece($0) } == ["a", "\n", "b"])
    #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == "a\nb")
}

/// Where each token of `ids` begins in the text, in code points, and the text.
private func offsets(_ ids: [Int32], _ tokenizer: any Tokenizer, skipping: Bool) -> ([Int], String) {
    var stream = StreamingDetokenizer(tokenizer, skippingSpecialTokens: skipping)
    var (offsets, text) = ([Int](), "")
    for id in ids {
        text += stream.append(id)
        offsets.append(stream.offset)
    }
    return (offsets, text + stream.finish())
}

@Test func offsetsAreThoseOfTheText() throws {
    let tokenizer = try tokenizer()
    // ▁A, <unk>, ▁, ▁man, </s>
    #expect(offsets([8, 2, 7, 23, 1], tokenizer, skipping: true) == ([0, 1, 1, 2, 6], "A  man"))
    #expect(offsets([8, 2, 7, 23, 1], tokenizer, skipping: false) == ([0, 1, 6, 7, 11], "A<unk>  man</s>"))
    #expect(offsets([7, 8, 7], tokenizer, skipping: true) == ([0, 0, 2], " A "))
}

@Test func bytesOfACharacterAreWhereItBegins() throws {
    let model = root.appending(path: "Tests/Parity/Fixtures/bytes.model")
    let tokenizer = try SentencePieceTokenizer(
        serialized: Array(Data(contentsOf: model)),
        modelVocabularySize: 330,
        fileName: "bytes.model"
    )
    let ids = tokenizer.encode("你 🙂e")
    let pieces = ["▁", "<0xE4>", "<0xBD>", "<0xA0>", "▁", "<0xF0>", "<0x9F>", "<0x99>", "<0x82>", "e"]
    #expect(ids.map { tokenizer.piece($0) } == pieces)
    #expect(offsets(ids, tokenizer, skipping: true) == ([0, 0, 0, 0, 1, 2, 2, 2, 2, 3], "你 🙂e"))
    // A character that is not completed is one that replaces it.
    #expect(offsets([ids[0], ids[1], ids[2], 1, ids[9]], tokenizer, skipping: true) == ([0, 0, 0, 0, 1], "\u{FFFD}e"))
}
