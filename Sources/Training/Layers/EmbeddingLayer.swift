import Tensors

/// A row for each token of the vocabulary.
struct EmbeddingLayer {
    let weight: Parameter  // [vocabulary, model]

    /// - Precondition: tokens lie inside the vocabulary.
    func forward(_ tokens: [Int32], _ pass: Pass) -> FloatRows {
        let table = weight.view(in: pass.values)
        let output = pass.arena.rows(tokens.count, table.columns)
        for (row, token) in tokens.enumerated() {
            output[rows: row..<row + 1].copy(table[rows: Int(token)..<Int(token) + 1])
        }
        return output
    }

    func backward(_ gradient: FloatRows, _ tokens: [Int32], _ pass: Pass) {
        guard weight.isLearnt else { return }
        let table = weight.view(in: pass.gradients)
        for (row, token) in tokens.enumerated() { table.addRow(Int(token), gradient, row: row, scale: 1) }
    }
}
