/// The T5 tokenizer: a SentencePiece model and the sentinels `<extra_id_0>` to `<extra_id_99>` above its pieces.
///
/// Special tokens written in the text become their ids; what lies between is split by SentencePiece on its own, each
/// part with its own word start, as T5Tokenizer of transformers 5.23.0 does. Decoding differs from it in one place: the unknown
/// piece reads " \u{2047} " as in SentencePiece, skipped specials or not.
package struct SentencePieceTokenizer: Tokenizer {
    private static let sentinelCount = 100

    private let model: SentencePieceModel
    private let specialIDs: [ArraySlice<UInt8>: Int32]
    private let specialNames: [Int32: String]
    private let longestSpecial: Int
    private let unknownID: Int32
    package let vocabularySize: Int

    /// - Throws: when the bytes are no SentencePiece model, or it has more pieces than `modelVocabularySize`.
    package init(serialized: [UInt8], modelVocabularySize: Int, fileName: String) throws(TokenizerError) {
        let model = try SentencePieceModel(serialized: serialized, fileName: fileName)
        let pieces = model.pieceCount
        guard pieces <= modelVocabularySize else {
            throw .vocabularyTooLarge(file: fileName, pieces: pieces, modelVocabulary: modelVocabularySize)
        }
        var names: [Int32: String] = [:]
        var ownSentinels = false
        for id in 0..<Int32(pieces) {
            guard let piece = model.piece(id) else { continue }
            let isSentinel = piece.hasPrefix("<extra_id_") && piece.hasSuffix(">")
            ownSentinels = ownSentinels || isSentinel
            if isSentinel || model.kind(id) == .control { names[id] = piece }
        }
        let addsSentinels = !ownSentinels && modelVocabularySize - pieces >= Self.sentinelCount
        if addsSentinels {
            for number in 0..<Self.sentinelCount {
                names[Int32(pieces + Self.sentinelCount - 1 - number)] = "<extra_id_\(number)>"
            }
        }
        var ids: [ArraySlice<UInt8>: Int32] = [:]
        for (id, name) in names { ids[Array(name.utf8)[...]] = id }
        if let unknown = model.piece(model.unknownID) { ids[Array(unknown.utf8)[...]] = model.unknownID }
        self.model = model
        specialIDs = ids
        specialNames = names
        longestSpecial = ids.keys.map(\.count).max() ?? 0
        unknownID = model.unknownID
        vocabularySize = addsSentinels ? pieces + Self.sentinelCount : pieces
    }

    package func encode(_ text: String) -> [Int32] {
        let bytes = Array(text.utf8)
        var ids: [Int32] = []
        var start = 0
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "<"), let (id, end) = special(at: index, in: bytes) else {
                index += 1
                continue
            }
            ids += model.encode(bytes[start..<index])
            ids.append(id)
            start = end
            index = end
        }
        return ids + model.encode(bytes[start...])
    }

    package func decode(_ ids: [Int32], skippingSpecialTokens: Bool) -> String {
        var text = ""
        var run: [Int32] = []
        for id in ids where id >= 0 && Int(id) < vocabularySize {
            guard let name = specialNames[id] else {
                run.append(id)
                continue
            }
            guard !skippingSpecialTokens else { continue }
            text += joined(run, after: text) + name
            run = []
        }
        return text + joined(run, after: text)
    }

    package func piece(_ id: Int32) -> String? { specialNames[id] ?? model.piece(id) }

    /// The text of plain ids; only the first word of the whole text loses its space.
    private func joined(_ run: [Int32], after text: String) -> String {
        guard !run.isEmpty, !text.isEmpty, unknownID >= 0 else { return model.decode(run) }
        let opening = model.decode([unknownID])
        let whole = model.decode([unknownID] + run)
        return String(decoding: whole.utf8.dropFirst(opening.utf8.count), as: UTF8.self)
    }

    /// The special token written at `index`, and where its text ends.
    private func special(at index: Int, in bytes: [UInt8]) -> (id: Int32, end: Int)? {
        let window = bytes[index..<min(index + longestSpecial, bytes.count)]
        guard let close = window.firstIndex(of: UInt8(ascii: ">")) else { return nil }
        return specialIDs[bytes[index...close]].map { ($0, close + 1) }
    }
}
