/// Finds the sentences of plain text by rules of the kind of SRX: where a sentence may end, and what speaks against it.
///
/// What lies between sentences comes out to the letter: line breaks, indentation, marks of lists and headings, and
/// whatever has no words in it, such as a number or an address that stands alone.
struct SentenceSplitter: Equatable, Sendable {
    /// What ends a sentence.
    enum Boundaries: Equatable, Sendable {
        /// Nothing: the text is one.
        case none
        /// Punctuation and every line break.
        case lines
        /// Punctuation and blank lines; a line break inside a sentence becomes a space.
        case punctuation
    }

    let rules: SentenceRules
    var boundaries = Boundaries.lines

    /// - Parameter language: what the text is in, such as `de`.
    init(language: String, boundaries: Boundaries = .lines) {
        (rules, self.boundaries) = (SentenceRules(language: language), boundaries)
    }

    func parts(of text: String) -> [TranslatableText.Part] {
        let characters = Array(text)
        var parts: [TranslatableText.Part] = []
        var start = 0
        for block in blocks(of: characters) {
            keep(characters[start..<block.lowerBound], in: &parts)
            split(characters[block], into: &parts)
            start = block.upperBound
        }
        keep(characters[start...], in: &parts)
        return parts
    }

    /// What is split by itself, without the blanks around it: lines, or paragraphs.
    private func blocks(of characters: [Character]) -> [Range<Int>] {
        var blocks: [Range<Int>] = []
        var start: Int?
        var (end, breaks) = (0, 0)
        for (index, character) in characters.enumerated() {
            if character.isNewline { breaks += 1 }
            if character.isWhitespace { continue }
            let isApart =
                switch boundaries {
                case .none: false
                case .lines: breaks > 0
                case .punctuation: breaks > 1
                }
            if let begun = start, isApart {
                blocks.append(begun..<end)
                start = nil
            }
            start = start ?? index
            (end, breaks) = (index + 1, 0)
        }
        if let start { blocks.append(start..<end) }
        return blocks
    }

    private func split(_ block: ArraySlice<Character>, into parts: inout [TranslatableText.Part]) {
        var rest = block
        if boundaries != .none {
            let mark = LineMark.length(of: block)
            keep(block.prefix(mark), in: &parts)
            rest = block.dropFirst(mark)
        }
        while !rest.isEmpty {
            let end = boundaries == .none ? rest.endIndex : rules.endOfSentence(in: rest)
            add(rest[rest.startIndex..<end], to: &parts)
            let next = rest[end...].firstIndex { !$0.isWhitespace } ?? rest.endIndex
            keep(rest[end..<next], in: &parts)
            rest = rest[next...]
        }
    }

    private func add(_ sentence: ArraySlice<Character>, to parts: inout [TranslatableText.Part]) {
        guard Wordless.isWordless(sentence) else {
            parts.append(.sentence(onOneLine(sentence)))
            return
        }
        keep(sentence, in: &parts)
    }

    private func keep(_ characters: ArraySlice<Character>, in parts: inout [TranslatableText.Part]) {
        if !characters.isEmpty { parts.append(.kept(String(characters))) }
    }

    private func onOneLine(_ sentence: ArraySlice<Character>) -> String {
        guard sentence.contains(where: \.isNewline) else { return String(sentence) }
        // A blank with a mark on it is more than a blank.
        let isBlank = { (character: Character) in character.unicodeScalars.allSatisfy(\.properties.isWhitespace) }
        return sentence.split(whereSeparator: isBlank).map { String($0) }.joined(separator: " ")
    }
}

/// Text that is the same in every language.
enum Wordless {
    /// No letters but in addresses of the web and of mail.
    static func isWordless(_ text: ArraySlice<Character>) -> Bool {
        text.split(whereSeparator: \.isWhitespace).allSatisfy { word in
            !word.contains(where: \.isLetter) || isAddress(word)
        }
    }

    private static func isAddress(_ word: ArraySlice<Character>) -> Bool {
        let text = String(word).lowercased()
        if text.contains("://") || text.hasPrefix("www.") || text.hasPrefix("mailto:") { return true }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && parts[1].dropFirst().contains(".")
    }
}
