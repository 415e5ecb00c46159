import Tensors

extension SwitchTransformer {
    /// Of every prompt that wants one the mean of its last states, `[model]`, or what the projection makes of it; of others
    /// nothing.
    func embeddings(of encoding: Encoding) -> [[Float]] {
        let wanted = encoding.prompts.indices.filter { encoding.prompts[$0].use == .embedding }
        var embeddings = [[Float]](repeating: [], count: encoding.prompts.count)
        guard !wanted.isEmpty else { return embeddings }
        var pooled = Matrix(rows: wanted.count, columns: encoding.hidden.columns)
        for (row, prompt) in wanted.enumerated() {
            pooled.setMean(row: row, ofRows: encoding.encoderRows[prompt], of: encoding.hidden)
        }
        if let projection = sentenceProjection {
            let projected = Matrix(rows: wanted.count, columns: projection.outputs)
            workspace.input.load(pooled, as: projection.precision, on: workspace.workers)
            workspace.workers.run(Product(projection, workspace.input, into: projected))
            pooled = projected
        }
        for (row, prompt) in wanted.enumerated() {
            embeddings[prompt] = pooled.withRow(row) { span in span.indices.map { span[$0] } }
        }
        return embeddings
    }

    /// The states that the decoder attends to, prompts laid end to end; nil where there are none.
    func decodedStates(of encoding: Encoding) -> Matrix? {
        let decoded = encoding.prompts.indices.filter { encoding.prompts[$0].use == .decoding }
        if decoded.isEmpty { return nil }
        if decoded.count == encoding.prompts.count { return encoding.hidden }
        let columns = encoding.hidden.columns
        let rows = decoded.map { encoding.encoderRows[$0] }
        let states = Matrix(rows: rows.reduce(0) { $0 + $1.count }, columns: columns)
        var next = 0
        for range in rows {
            states.copy(rows: range, columns: 0..<columns, of: encoding.hidden, toRow: next)
            next += range.count
        }
        return states
    }
}
