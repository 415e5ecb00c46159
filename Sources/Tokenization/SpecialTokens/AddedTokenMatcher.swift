/// Finds added tokens in text: from the left, the longest first, as `tokenizers` does.
struct AddedTokenMatcher: Sendable {
    /// A stretch of the text, in UTF-8 offsets.
    enum Part: Equatable {
        case text(Range<Int>)
        case token(Int32)
    }

    /// A token and how it is written where it is looked for.
    struct Pattern: Sendable {
        let text: String
        let token: AddedToken
        let id: Int32
    }

    private let trie: ByteTrie
    private let patterns: [Pattern]

    /// Of patterns with the same text, the first counts; empty ones are never found.
    init(_ patterns: [Pattern]) {
        var trie = ByteTrie()
        for (index, pattern) in patterns.enumerated() where !pattern.text.isEmpty {
            _ = trie.insert(pattern.text.utf8, value: Int32(index))
        }
        self.trie = trie
        self.patterns = patterns
    }

    /// Cuts `bytes`, which must be UTF-8, into tokens and the text between them, which is never empty.
    func split(_ bytes: [UInt8]) -> [Part] {
        var parts: [Part] = []
        var taken = 0
        var position = 0
        while position < bytes.count {
            guard let match = trie.longestMatch(in: bytes, at: position) else {
                position += 1
                continue
            }
            let pattern = patterns[Int(match.value)]
            let found = position..<match.end
            position = match.end
            guard !pattern.token.isSingleWord || Self.standsAlone(found, in: bytes) else { continue }
            let range = Self.stripped(found, pattern.token, in: bytes, from: taken)
            if taken < range.lowerBound { parts.append(.text(taken..<range.lowerBound)) }
            parts.append(.token(pattern.id))
            taken = range.upperBound
        }
        if taken < bytes.count { parts.append(.text(taken..<bytes.count)) }
        return parts
    }

    /// `range` and the white space around it that belongs to `token`.
    private static func stripped(
        _ range: Range<Int>,
        _ token: AddedToken,
        in bytes: [UInt8],
        from taken: Int
    ) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while token.stripsLeft, start > taken, let scalar = lastScalar(of: bytes[..<start]),
            scalar.properties.isWhitespace
        {
            start -= scalar.utf8.count
        }
        while token.stripsRight, let scalar = firstScalar(of: bytes[end...]), scalar.properties.isWhitespace {
            end += scalar.utf8.count
        }
        return start..<end
    }

    private static func standsAlone(_ range: Range<Int>, in bytes: [UInt8]) -> Bool {
        let before = lastScalar(of: bytes[..<range.lowerBound])
        let after = firstScalar(of: bytes[range.upperBound...])
        return before?.isWordCharacter != true && after?.isWordCharacter != true
    }

    private static func firstScalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        String(decoding: bytes.prefix(4), as: UTF8.self).unicodeScalars.first
    }

    private static func lastScalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let start = bytes.suffix(4).lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return nil }
        return String(decoding: bytes[start...], as: UTF8.self).unicodeScalars.first
    }
}

extension Unicode.Scalar {
    /// Whether `\w` matches it, by Unicode's technical standard 18.
    fileprivate var isWordCharacter: Bool {
        if properties.isAlphabetic || properties.isJoinControl { return true }
        return switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
        default: false
        }
    }
}
