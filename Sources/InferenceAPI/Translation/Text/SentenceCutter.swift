/// Cuts a sentence that a model cannot read at once: behind a clause, else between words, else anywhere.
struct SentenceCutter {
    private static let clauseMarks: Set<Character> = [",", ";", ":", "，", "、", "；", "：", "–", "—", ")"]

    /// Tokens that one piece may have.
    let maximumTokens: Int
    /// Tokens of a text, counted as the model is asked with it.
    let count: (String) -> Int

    /// The sentence itself when it fits, else its pieces with the blanks between them.
    func parts(of sentence: String) -> [TranslatableText.Part] {
        var parts: [TranslatableText.Part] = []
        var rest = Array(sentence)[...]
        while !rest.isEmpty {
            let length = fittingLength(of: rest)
            let piece = rest.prefix(length)
            parts.append(Wordless.isWordless(piece) ? .kept(String(piece)) : .sentence(String(piece)))
            rest = rest.dropFirst(length)
            let blanks = rest.prefix { $0.isWhitespace }
            if !blanks.isEmpty { parts.append(.kept(String(blanks))) }
            rest = rest.dropFirst(blanks.count)
        }
        return parts
    }

    private func fits(_ text: ArraySlice<Character>) -> Bool { count(String(text)) <= maximumTokens }

    /// Characters of the longest piece that fits and ends well, at least one.
    ///
    /// Words are tried whole: a part of one may have more tokens than all of it.
    private func fittingLength(of text: ArraySlice<Character>) -> Int {
        var ends = WordEnds(text)
        let words = Self.greatest { number in ends.end(number).map { fits(text.prefix($0)) } ?? false }
        guard words > 0, let end = ends.end(words) else { return lengthOfPart(of: text.prefix(ends.end(1) ?? 1)) }
        guard ends.end(words + 1) != nil else { return end }
        for number in stride(from: words, to: words / 2, by: -1) {
            guard let clause = ends.end(number) else { continue }
            if Self.clauseMarks.contains(text[text.startIndex + clause - 1]) { return clause }
        }
        return end
    }

    /// Of a word that does not fit: what does, if possible up to a clause, as in languages without blanks.
    private func lengthOfPart(of word: ArraySlice<Character>) -> Int {
        let length = max(1, Self.greatest { $0 <= word.count && fits(word.prefix($0)) })
        let clause = word.prefix(length).dropFirst(length / 2).lastIndex { Self.clauseMarks.contains($0) }
        return clause.map { $0 + 1 - word.startIndex } ?? length
    }

    /// The greatest number that fits, where all below it do; 0 when none does.
    private static func greatest(_ fits: (Int) -> Bool) -> Int {
        var (good, bad) = (0, 1)
        while fits(bad) { (good, bad) = (bad, bad * 2) }
        while bad - good > 1 {
            let middle = (good + bad) / 2
            if fits(middle) { good = middle } else { bad = middle }
        }
        return good
    }
}

/// Where the words of a text end, found as far as they are asked for.
private struct WordEnds {
    private let text: ArraySlice<Character>
    private var ends: [Int] = []

    init(_ text: ArraySlice<Character>) {
        self.text = text
    }

    /// Characters up to the end of that many words; nil when there are fewer.
    mutating func end(_ number: Int) -> Int? {
        while ends.count < number {
            let rest = text.dropFirst(ends.last ?? 0)
            guard let start = rest.firstIndex(where: { !$0.isWhitespace }) else { return nil }
            let end = text[start...].firstIndex(where: \.isWhitespace) ?? text.endIndex
            ends.append(end - text.startIndex)
        }
        return ends[number - 1]
    }
}
