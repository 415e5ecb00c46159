import Foundation
import Tensors

/// The scores of one row of a step with what is asked of them.
struct LogitsRow {
    private let logits: VocabularyScores
    private let row: Int
    /// The logarithm of the sum of exponentials: a log-probability is a score less this.
    let logSumExp: Float

    /// - Throws: `.notANumber` when the row holds a NaN or nothing finite.
    init(_ logits: VocabularyScores, row: Int) throws(GenerationFailure) {
        self.logits = logits
        self.row = row
        logSumExp = logits.logSumExp(row: row)
        guard logSumExp.isFinite else { throw .notANumber }
    }

    /// A copy to be processed.
    var scores: [Float] {
        var scores: [Float] = []
        copyScores(into: &scores)
        return scores
    }

    /// Overwrites `scores`, whose memory is used again.
    func copyScores(into scores: inout [Float]) {
        scores.removeAll(keepingCapacity: true)
        logits.withRow(row) { span in
            span.withUnsafeBufferPointer { scores.append(contentsOf: $0) }
        }
    }

    /// The most probable token, the first of equals.
    var best: (id: Int32, logprob: Float) { (Int32(logits.best(row: row)), logits.bestScore(row: row) - logSumExp) }

    func logprob(_ token: Int32) -> Float { logits.withRow(row) { $0[Int(token)] } - logSumExp }

    /// The `count` most probable tokens, best first; ties to the lower id.
    func top(_ count: Int) -> [(id: Int32, logprob: Float)] {
        guard count > 0 else { return [] }
        return Self.largest(count, of: scores).map { (Int32($0), logprob(Int32($0))) }
    }

    /// Indices of the `count` largest values, largest first; ties to the lower index.
    static func largest(_ count: Int, of values: [Float]) -> [Int] {
        guard count > 0 else { return [] }
        guard count <= 256 else {
            let order = values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
            return Array(order.prefix(count))
        }
        var best: [Int] = []
        best.reserveCapacity(count + 1)
        for index in values.indices {
            if best.count == count, let last = best.last, values[index] <= values[last] { continue }
            var place = best.count
            while place > 0, values[index] > values[best[place - 1]] { place -= 1 }
            best.insert(index, at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}
