/// Where a sentence of one language ends.
struct SentenceRules: Equatable, Sendable {
    private static let full: Set<Character> = ["。", "！", "？", "｡", "．"]
    private static let marks: Set<Character> = [".", "!", "?", "…", "‽", "؟", "۔", "।", "॥", "።", "։"]
    private static let closers: Set<Character> = [
        "\"", "'", ")", "]", "}", "”", "’", "“", "‘", "»", "«", "›", "‹", "」", "』", "）", "】", "》", "〉",
    ]
    private static let openers: Set<Character> = [
        "\"", "'", "(", "[", "{", "“", "‘", "„", "‚", "«", "»", "‹", "›", "¿", "¡", "-", "–", "—", "*", "_",
    ]

    let abbreviations: Abbreviations

    init(language: String) {
        abbreviations = Abbreviations(language: language)
    }

    /// The index behind the first sentence: behind its closing quotes and brackets, before the blanks.
    func endOfSentence(in text: ArraySlice<Character>) -> Int {
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            if Self.full.contains(character) {
                return text[index...].firstIndex { !Self.full.contains($0) && !Self.closers.contains($0) }
                    ?? text.endIndex
            }
            guard Self.marks.contains(character) else {
                index += 1
                continue
            }
            let afterMarks = text[index...].firstIndex { !Self.marks.contains($0) } ?? text.endIndex
            let end = text[afterMarks...].firstIndex { !Self.closers.contains($0) } ?? text.endIndex
            if ends(at: index, afterMarks, end, in: text) { return end }
            index = end
        }
        return text.endIndex
    }

    /// - Parameters:
    ///   - mark: where the marks begin.
    ///   - afterMarks: behind them.
    ///   - end: behind what closes after them.
    private func ends(at mark: Int, _ afterMarks: Int, _ end: Int, in text: ArraySlice<Character>) -> Bool {
        guard end < text.endIndex else { return true }
        guard text[end].isWhitespace else { return false }
        let following = text[end...].drop { $0.isWhitespace || Self.openers.contains($0) }.first
        if following?.isLowercase == true { return false }
        guard afterMarks == mark + 1, text[mark] == ".", end == afterMarks else { return true }
        let word = text[..<mark].suffix(while: { !$0.isWhitespace && !Self.openers.contains($0) && $0 != "/" })
        return !abbreviations.holds(String(word), before: following)
    }
}

extension BidirectionalCollection {
    /// The longest end of which all elements satisfy a condition.
    fileprivate func suffix(while isIn: (Element) -> Bool) -> SubSequence {
        guard let last = lastIndex(where: { !isIn($0) }) else { return self[...] }
        return self[index(after: last)...]
    }
}
