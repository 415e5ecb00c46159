import Tokenization

/// A tokenizer of words: each piece is one vocabulary entry, spaces are written as in SentencePiece.
struct ToyTokenizer: Tokenizer {
    static let end: Int32 = 1
    static let firstSentinel: Int32 = 40

    /// Padding, end, unknown, then words and letters.
    static let pieces: [String] =
        [
            "<pad>", "</s>", "<unk>", "▁the", "▁cat", "▁sat", "▁on", "▁mat", ".", "s", "▁", "▁Haus", "é", "▁日本", "語",
            "▁a",
        ]
        + (0..<24).map { String(UnicodeScalar(UInt8(ascii: "a") + UInt8($0))) }
        + ["<extra_id_0>", "<extra_id_1>"]

    var vocabularySize: Int { Self.pieces.count }
    var textEnd: [Int32]? { [Self.end] }

    func encode(_ text: String) -> [Int32] {
        var rest = Substring("▁" + text.split(separator: " ").joined(separator: "▁"))
        var ids: [Int32] = []
        while !rest.isEmpty {
            if rest.hasPrefix("▁<extra_id_") { rest = rest.dropFirst() }
            let best = Self.pieces.indices.filter { rest.hasPrefix(Self.pieces[$0]) }
                .max { Self.pieces[$0].count < Self.pieces[$1].count }
            ids.append(Int32(best ?? 2))
            rest = rest.dropFirst(best.map { Self.pieces[$0].count } ?? 1)
        }
        return ids
    }

    func piece(_ id: Int32) -> String? {
        Self.pieces.indices.contains(Int(id)) ? Self.pieces[Int(id)] : nil
    }

    func token(_ id: Int32) -> Token? {
        guard let piece = piece(id) else { return nil }
        return id < 3 || id >= Self.firstSentinel ? .special(piece) : .text(piece)
    }
}
