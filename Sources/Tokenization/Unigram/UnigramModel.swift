/// Cuts words into the pieces whose scores add up highest, as the `Unigram` model of `tokenizers` does.
///
/// Sums are Double and start anew with every word. SentencePiece adds up Floats over the whole text, and so decides
/// otherwise between cuts of equal sums, such as `95.0|00` and `95.00|0`: one word in some ten thousand.
struct UnigramModel: Sendable {
    let pieces: [String]
    private let trie: ByteTrie
    private let scores: [Double]
    private let unknown: Int32
    /// The score of a character that is no piece.
    private let unknownScore: Double
    /// The pieces `<0x00>` … `<0xFF>`, when they stand in for unknown characters.
    private let bytePieces: [Int32?]

    /// - Throws: `TokenizerError.malformed` when a piece is empty or twice there, or there is no unknown piece.
    init(_ description: TokenizerDescription.Model, file: String) throws(TokenizerError) {
        guard let unknown = description.unk_id, description.vocab.indices.contains(unknown) else {
            throw .malformed(file: file, reason: "'unk_id' of the model is no piece of its vocabulary")
        }
        var trie = ByteTrie()
        for (id, entry) in description.vocab.enumerated() {
            guard !entry.piece.isEmpty, trie.insert(entry.piece.utf8, value: Int32(id)) else {
                throw .malformed(file: file, reason: "piece \(id) of the vocabulary is empty or there twice")
            }
        }
        self.trie = trie
        self.unknown = Int32(unknown)
        pieces = description.vocab.map(\.piece)
        scores = description.vocab.map(\.score)
        unknownScore = (scores.min() ?? 0) - 10
        bytePieces =
            description.byte_fallback == true
            ? (0...UInt8.max).map { [trie] in trie[Token.bytePiece($0).utf8] } : Array(repeating: nil, count: 256)
    }

    /// The id of a whole piece.
    func id(of piece: String) -> Int32? { trie[piece.utf8] }

    /// The pieces of one word, UTF-8 with `▁` for a space.
    func encode(_ word: [UInt8]) -> [Int32] {
        var ids: [Int32] = []
        var unknowns = word[..<0]
        for step in bestPath(word) {
            if step.piece == unknown {
                // Unknown neighbours are one.
                unknowns =
                    word[(unknowns.isEmpty ? step.range.lowerBound : unknowns.startIndex)..<step.range.upperBound]
                continue
            }
            ids += idsOfUnknown(unknowns)
            unknowns = word[..<0]
            ids.append(step.piece)
        }
        return ids + idsOfUnknown(unknowns)
    }

    private func idsOfUnknown(_ characters: ArraySlice<UInt8>) -> [Int32] {
        guard !characters.isEmpty else { return [] }
        if let piece = trie[characters] { return [piece] }
        let bytes = characters.compactMap { bytePieces[Int($0)] }
        return bytes.count == characters.count ? bytes : [unknown]
    }

    /// How the best path arrives at a byte.
    private struct Arrival {
        var score = 0.0
        var start = -1
        var piece: Int32 = 0

        mutating func offer(_ score: Double, from start: Int, _ piece: Int32) {
            guard self.start < 0 || score > self.score else { return }
            self = Arrival(score: score, start: start, piece: piece)
        }
    }

    private func bestPath(_ word: [UInt8]) -> [(range: Range<Int>, piece: Int32)] {
        var arrivals = Array(repeating: Arrival(), count: word.count + 1)
        var start = 0
        while start < word.count {
            let score = arrivals[start].score
            let next = Self.characterEnd(in: word, at: start)
            var isKnown = false
            trie.forEachMatch(in: word, at: start) { piece, end in
                arrivals[end].offer(score + scores[Int(piece)], from: start, piece)
                isKnown = isKnown || end == next
            }
            if !isKnown { arrivals[next].offer(score + unknownScore, from: start, unknown) }
            start = next
        }
        var path: [(Range<Int>, Int32)] = []
        var end = word.count
        while end > 0 {
            path.append((arrivals[end].start..<end, arrivals[end].piece))
            end = arrivals[end].start
        }
        return path.reversed()
    }

    private static func characterEnd(in word: [UInt8], at start: Int) -> Int {
        var end = start + 1
        while end < word.count, word[end] & 0xC0 == 0x80 { end += 1 }
        return end
    }
}
