import Tensors

/// From the decoder's states to the loss, and back.
struct LossHead {
    private let weight: Weight  // [vocabulary, model]
    /// What states are multiplied with first.
    private let scale: Float

    /// Rows whose logits are in memory at once.
    private static let chunk = 256

    init(_ weight: Weight, scale: Float) {
        (self.weight, self.scale) = (weight, scale)
    }

    /// The loss of all labels.
    func loss(_ states: FloatRows, _ labels: [Int32], _ pass: Pass) -> LossSum {
        scaled(states)
        return chunks(states, labels, weight: 0, pass) { _, _ in }
    }

    /// The loss of all labels, each times `weight`, and the gradient of the states.
    ///
    /// Overwrites `states`.
    func lossAndGradient(
        _ states: FloatRows,
        _ labels: [Int32],
        weight tokenWeight: Float,
        _ pass: Pass
    ) -> (loss: LossSum, gradient: FloatRows) {
        scaled(states)
        let gradient = pass.arena.rows(states.rows, states.columns)
        let loss = chunks(states, labels, weight: tokenWeight, pass) { rows, logits in
            weight.addGradient(logits, input: states[rows: rows], pass)
            weight.addInputGradient(logits, to: gradient[rows: rows], .replace, pass)
        }
        if scale != 1 { gradient.scale(by: scale) }
        return (loss, gradient)
    }

    private func scaled(_ states: FloatRows) {
        if scale != 1 { states.scale(by: scale) }
    }

    private func chunks(
        _ states: FloatRows,
        _ labels: [Int32],
        weight tokenWeight: Float,
        _ pass: Pass,
        _ use: (Range<Int>, FloatRows) -> Void
    ) -> LossSum {
        var sum = LossSum()
        let buffer = pass.arena.rows(min(Self.chunk, states.rows), weight.outputs)
        for start in stride(from: 0, to: states.rows, by: Self.chunk) {
            let rows = start..<min(start + Self.chunk, states.rows)
            let logits = buffer[rows: 0..<rows.count]
            weight.multiply(states[rows: rows], into: logits, pass)
            for row in rows {
                addLoss(of: logits, row: row - start, labels[row], weight: tokenWeight, pass, to: &sum)
            }
            use(rows, logits)
        }
        return sum
    }

    private func addLoss(
        of logits: FloatRows,
        row: Int,
        _ label: Int32,
        weight: Float,
        _ pass: Pass,
        to sum: inout LossSum
    ) {
        guard label >= 0 else {
            logits[rows: row..<row + 1].clear()
            return
        }
        let smoothing = pass.regularization.labelSmoothing
        let loss = logits.crossEntropy(row: row, label: Int(label), smoothing: smoothing, weight: weight)
        sum.negativeLogLikelihood += Double(loss.negativeLogLikelihood)
        sum.smoothed += Double(loss.smoothed)
        sum.hits += loss.isBest ? 1 : 0
        sum.labels += 1
    }
}
