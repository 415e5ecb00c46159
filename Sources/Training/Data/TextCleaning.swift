import Foundation

/// What is done to text before it is learnt from, and what is left out.
package struct TextCleaning: Equatable, Sendable, Codable {
    /// Unicode's normal forms.
    package enum Normalization: String, CaseIterable, Sendable, Codable {
        case none
        case nfc
        case nfkc
    }

    package var normalization = Normalization.nfc
    /// Of either side, in characters.
    package var maximumCharacters = 1000
    /// The longer side by the shorter, in characters, of pairs that are kept.
    package var maximumRatio = 4.0
    /// Characters of the longer side up to which sides are not compared.
    package var ratioFrom = 20
    /// Of pairs whose both sides are the same once they are cleaned, the first is kept.
    package var removesDuplicates = true

    package init() {}

    /// How many pairs there were, and what became of them.
    package struct Report: Equatable, Sendable, Codable {
        /// Pairs in the files.
        package var read = 0
        /// Pairs with a side that is only space.
        package var empty = 0
        /// Pairs with a side of more than `maximumCharacters`.
        package var tooLong = 0
        /// Pairs whose sides differ by more than `maximumRatio`.
        package var unequal = 0
        /// Pairs that had been there before.
        package var duplicates = 0
        /// Pairs left; `PreparedData` takes off those that are judged by.
        package var kept = 0

        package init() {}
    }

    /// The pairs that are left, in order, their text normalized and without space around it.
    package func callAsFunction(_ pairs: [TextPair]) -> (pairs: [TextPair], report: Report) {
        var report = Report()
        var kept: [TextPair] = []
        var seen: Set<TextPair> = []
        for pair in pairs {
            report.read += 1
            let cleaned = TextPair(source: clean(pair.source), target: clean(pair.target))
            let lengths = (cleaned.source.count, cleaned.target.count)
            if min(lengths.0, lengths.1) == 0 {
                report.empty += 1
            } else if max(lengths.0, lengths.1) > maximumCharacters {
                report.tooLong += 1
            } else if isUnequal(lengths.0, lengths.1) {
                report.unequal += 1
            } else if removesDuplicates, !seen.insert(cleaned).inserted {
                report.duplicates += 1
            } else {
                kept.append(cleaned)
            }
        }
        report.kept = kept.count
        return (kept, report)
    }

    /// One text, normalized and without space around it.
    package func clean(_ text: String) -> String {
        normalized(text).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func normalized(_ text: String) -> String {
        switch normalization {
        case .none: text
        case .nfc: text.precomposedStringWithCanonicalMapping
        case .nfkc: text.precomposedStringWithCompatibilityMapping
        }
    }

    private func isUnequal(_ left: Int, _ right: Int) -> Bool {
        let (short, long) = (min(left, right), max(left, right))
        return long > ratioFrom && Double(long) > maximumRatio * Double(short)
    }
}
