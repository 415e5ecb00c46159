import Foundation

/// The BLEU score of a corpus as sacreBLEU computes it by default: tokenizer 13a, case kept, up to 4-grams, exponential
/// smoothing, one reference.
///
/// Source: Papineni and others 2002; Post 2018, sacreBLEU 2.
package struct Bleu: Equatable, Sendable {
    /// Hypothesis n-grams found in the reference, each as often as it is there, for n from 1 to 4.
    package private(set) var matches = [0, 0, 0, 0]
    /// Hypothesis n-grams, for n from 1 to 4.
    package private(set) var totals = [0, 0, 0, 0]
    /// In tokens of 13a.
    package private(set) var hypothesisLength = 0
    /// In tokens of 13a.
    package private(set) var referenceLength = 0

    package init() {}

    /// Of lines in the same order; lines beyond the shorter list are left out.
    package init(hypotheses: [String], references: [String]) {
        for (hypothesis, reference) in zip(hypotheses, references) { add(hypothesis, reference) }
    }

    /// Counts one line and its reference.
    package mutating func add(_ hypothesis: String, _ reference: String) {
        let hypothesis = Tokenizer13a.tokens(hypothesis).map { Token($0.utf8) }
        let reference = Tokenizer13a.tokens(reference).map { Token($0.utf8) }
        hypothesisLength += hypothesis.count
        referenceLength += reference.count
        for order in 1...4 {
            let wanted = Self.counts(reference, order)
            for (gram, count) in Self.counts(hypothesis, order) {
                totals[order - 1] += count
                matches[order - 1] += min(count, wanted[gram] ?? 0)
            }
        }
    }

    /// From 0 to 100.
    package var score: Double {
        guard hypothesisLength > 0, matches.contains(where: { $0 > 0 }) else { return 0 }
        var logSum = 0.0
        var smoothing = 1.0
        for order in 0..<4 {
            // A corpus without n-grams this long has no score.
            guard totals[order] > 0 else { return 0 }
            if matches[order] == 0 {
                smoothing *= 2
                logSum += log(100 / (smoothing * Double(totals[order])))
            } else {
                logSum += log(100 * Double(matches[order]) / Double(totals[order]))
            }
        }
        return brevity * exp(logSum / 4)
    }

    /// What a corpus is charged for being shorter than its references: 1 is nothing.
    package var brevity: Double {
        guard hypothesisLength < referenceLength else { return 1 }
        return hypothesisLength > 0 ? exp(1 - Double(referenceLength) / Double(hypothesisLength)) : 0
    }

    /// Strings that look the same but are written with other code points are not the same to sacreBLEU.
    private typealias Token = [UInt8]

    private static func counts(_ tokens: [Token], _ order: Int) -> [[Token]: Int] {
        guard tokens.count >= order else { return [:] }
        var counts: [[Token]: Int] = [:]
        for start in 0...tokens.count - order { counts[Array(tokens[start..<start + order]), default: 0] += 1 }
        return counts
    }
}
