import Tensors

extension SwitchTransformer {
    /// What becomes of every prompt that the encoder is done with: caches where the decoder goes on with it, else its
    /// embedding.
    func outcomes(of encoding: Encoding) -> [EncodedPrompt<DecoderState>.Outcome] {
        let sentences = sentenceEmbeddings(of: encoding)
        return encoding.prompts.indices.map { index in
            let prompt = encoding.prompts[index]
            switch prompt.use {
            case .decoding: return .decoding(state(of: prompt))
            case .embedding(.sentence): return .embedding(sentences[index] ?? [])
            case .embedding(.tokens):
                return .embedding(encoding.hidden.elements(ofRows: encoding.encoderRows[index]))
            }
        }
    }

    private func state(of prompt: EncodingPrompt) -> DecoderState {
        guard let pool = halves.decoding?.pool else { preconditionFailure("an encoder alone decodes nothing") }
        return DecoderState(
            pool: pool,
            prompt: prompt.tokens.count,
            slots: prompt.slots,
            capacity: prompt.capacity,
            crossAttention: prompt.crossAttentionBlock.map(CrossAttentionLog.init)
        )
    }

    /// Of every prompt that wants one, by its index, the mean of its last states, `[model]`, or what the projection makes of
    /// it.
    private func sentenceEmbeddings(of encoding: Encoding) -> [Int: [Float]] {
        let wanted = encoding.prompts.indices.filter { encoding.prompts[$0].use == .embedding(.sentence) }
        guard !wanted.isEmpty else { return [:] }
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
        return Dictionary(
            uniqueKeysWithValues: wanted.enumerated().map { ($1, pooled.elements(ofRows: $0..<$0 + 1)) }
        )
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

extension Matrix {
    /// Row by row.
    fileprivate func elements(ofRows rows: Range<Int>) -> [Float] {
        var elements: [Float] = []
        elements.reserveCapacity(rows.count * columns)
        for row in rows {
            withRow(row) { span in for index in span.indices { elements.append(span[index]) } }
        }
        return elements
    }
}
