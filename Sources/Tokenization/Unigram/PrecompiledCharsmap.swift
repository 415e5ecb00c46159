/// The normaliser SentencePiece stores in its models, applied as `tokenizers` applies it.
///
/// That is by grapheme clusters: a cluster of up to five bytes becomes, whole, what its shortest known beginning
/// becomes, so that `ª` with an accent loses the accent; anything else goes character by character. SentencePiece
/// replaces the longest known text wherever it stands.
struct PrecompiledCharsmap: Sendable {
    /// A double-array trie of the texts that change: units of label, offset and a flag for texts that end there.
    private let units: [UInt32]
    /// What they become, each ended by a zero.
    private let replacements: [UInt8]

    /// - Parameter bytes: the size of the trie in bytes, little-endian, the trie, then the replacements.
    /// - Returns: nil when the sizes contradict each other.
    init?(_ bytes: [UInt8]) {
        func unit(at offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
        }
        guard bytes.count >= 4 else { return nil }
        let size = Int(unit(at: 0))
        guard size >= 4, size.isMultiple(of: 4), size <= bytes.count - 4 else { return nil }
        units = stride(from: 4, to: 4 + size, by: 4).map { unit(at: $0) }
        replacements = Array(bytes[(4 + size)...])
    }

    func normalize(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for cluster in text {
            if cluster.utf8.count < 6, let replacement = replacement(of: cluster.utf8) {
                result += replacement
                continue
            }
            for scalar in cluster.unicodeScalars {
                if let replacement = replacement(of: scalar.utf8) {
                    result += replacement
                } else {
                    result += scalar.utf8
                }
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What the shortest beginning of `text` that changes becomes, nil when none does.
    private func replacement(of text: some Sequence<UInt8>) -> ArraySlice<UInt8>? {
        var position = Self.offset(of: units[0])
        for byte in text where byte != 0 {
            position ^= Int(byte)
            guard position < units.count, units[position] & 0x8000_00FF == UInt32(byte) else { return nil }
            let unit = units[position]
            position ^= Self.offset(of: unit)
            guard unit & 0x100 != 0 else { continue }
            guard position < units.count else { return nil }
            let start = Int(units[position] & 0x7FFF_FFFF)
            guard start <= replacements.count else { return nil }
            return replacements[start...].prefix { $0 != 0 }
        }
        return nil
    }

    private static func offset(of unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 0x200) >> 6)) }
}
