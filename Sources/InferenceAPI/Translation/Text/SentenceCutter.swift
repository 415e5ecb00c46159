/// Cuts a sentence that a model cannot read at once: behind a clause, else between words, else anywhere.
struct SentenceCutter {
    private static let clauseMarks: Set<Character> = [",", ";", ":", "，", "、", "；", "：", "–", "—", ")"]

    /// More characters than any vocabulary has in a piece: SentencePiece's own limit is 16.
    private static let mostCharactersPerToken = 16

    /// Tokens that one piece may have.
    let maximumTokens: Int
    /// Tokens of a text, counted as the model is asked with it.
    let count: (String) -> Int

    /// The sentence itself when it fits, else its pieces with the blanks between them.
    func parts(of sentence: String) -> [TranslatableText.Part] {
        var parts: [TranslatableText.Part] = []
        var rest = Array(sentence)[...]
        var (words, characters) = (GreatestFitting(), GreatestFitting())
        while !rest.isEmpty {
            // What no piece reaches is not looked at: it would be again for every piece.
            let reach = rest.prefix(Self.mostCharactersPerToken * maximumTokens)
            let isLast = reach.count == rest.count && fits(rest)
            let length = isLast ? rest.count : fittingLength(of: reach, &words, &characters)
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
    private func fittingLength(
        of text: ArraySlice<Character>,
        _ words: inout GreatestFitting,
        _ characters: inout GreatestFitting
    ) -> Int {
        var ends = WordEnds(text)
        let first = ends.end(1) ?? 1
        guard first < Self.mostCharactersPerToken * maximumTokens else { return lengthOfPart(of: text, &characters) }
        let found = words.find { number in ends.end(number).map { fits(text.prefix($0)) } ?? false }
        guard found > 0, let end = ends.end(found) else { return lengthOfPart(of: text.prefix(first), &characters) }
        guard ends.end(found + 1) != nil else { return end }
        for number in stride(from: found, to: found / 2, by: -1) {
            guard let clause = ends.end(number) else { continue }
            if Self.clauseMarks.contains(text[text.startIndex + clause - 1]) { return clause }
        }
        return end
    }

    /// Of a word that does not fit: what does, if possible up to a clause, as in languages without blanks.
    private func lengthOfPart(of word: ArraySlice<Character>, _ characters: inout GreatestFitting) -> Int {
        let length = max(1, characters.find { $0 <= word.count && fits(word.prefix($0)) })
        let clause = word.prefix(length).dropFirst(length / 2).lastIndex { Self.clauseMarks.contains($0) }
        return clause.map { $0 + 1 - word.startIndex } ?? length
    }
}

/// Looks for the greatest number that fits, where all below it do, from the one that was found last: pieces of one sentence
/// are much alike, and to try one costs as much as it is long.
private struct GreatestFitting {
    /// Of a number so large the last parts do not matter.
    private static let precision = 32

    private var last = 1

    /// 0 when none does; of a large one perhaps a thirty-second less.
    mutating func find(_ fits: (Int) -> Bool) -> Int {
        var step = max(last / Self.precision, 1)
        var (good, bad) = (0, last)
        if fits(last) {
            (good, bad) = (last, last + step)
            while fits(bad) {
                step *= 2
                (good, bad) = (bad, bad + step)
            }
        } else {
            while bad > 1 {
                let less = max(bad - step, 1)
                if fits(less) {
                    good = less
                    break
                }
                step *= 2
                bad = less
            }
        }
        while bad - good > max(good / Self.precision, 1) {
            let middle = (good + bad) / 2
            if fits(middle) { good = middle } else { bad = middle }
        }
        last = max(good, 1)
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
