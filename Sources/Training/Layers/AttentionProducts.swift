import Tensors

/// Rows that look at rows: one sequence at itself, or an output at its input.
struct AttentionSpan {
    var queries: Range<Int>
    var keys: Range<Int>
}

/// Softmax attention of every head over a ragged batch, and its gradients.
///
/// Scores are not divided by the root of the head width, as T5 has it.
struct AttentionProducts {
    let heads: Int
    let headWidth: Int
    let masking: Masking

    /// Rows of all heads side by side, `[rows, heads · headWidth]` each.
    struct Operands {
        var queries: FloatRows
        var keys: FloatRows
        var values: FloatRows
    }

    struct Kept {
        fileprivate var operands: Operands
        fileprivate var spans: [AttentionSpan]
        /// For each span `[heads · queries, keys]`.
        fileprivate var probabilities: [FloatRows]
        fileprivate var key: UInt64
    }

    /// - Parameter bias: nil where there is none.
    func forward(
        _ operands: Operands,
        _ spans: [AttentionSpan],
        bias: BiasTable?,
        _ pass: Pass
    ) -> (context: FloatRows, kept: Kept) {
        let context = pass.arena.rows(operands.queries.rows, heads * headWidth)
        var kept = Kept(operands: operands, spans: spans, probabilities: [], key: pass.noise.next())
        for (index, span) in spans.enumerated() {
            let all = pass.arena.rows(heads * span.queries.count, span.keys.count)
            for head in 0..<heads {
                let scores = part(head, all)
                scores.multiply(
                    .plain(part(head, operands.queries, span.queries)),
                    .transposed(part(head, operands.keys, span.keys))
                )
                if let bias { scores.addDiagonals(bias.values[rows: head..<head + 1], center: bias.center) }
                scores.softmax(masking)
            }
            kept.probabilities.append(all)
            let dropped = self.dropped(all, kept.key, index, pass)
            for head in 0..<heads {
                part(head, context, span.queries).multiply(
                    .plain(part(head, dropped)),
                    .plain(part(head, operands.values, span.keys))
                )
            }
        }
        return (context, kept)
    }

    /// Fills `into` with the gradients of the operands; adds to that of the bias.
    func backward(_ gradient: FloatRows, _ kept: Kept, into: Operands, bias: BiasTable?, _ pass: Pass) {
        let rate = pass.regularization.attentionDropout
        for (index, (span, all)) in zip(kept.spans, kept.probabilities).enumerated() {
            let dropped = self.dropped(all, kept.key, index, pass)
            let scores = pass.arena.rows(all.rows, all.columns)
            for head in 0..<heads {
                let output = part(head, gradient, span.queries)
                part(head, scores).multiply(.plain(output), .transposed(part(head, kept.operands.values, span.keys)))
                part(head, into.values, span.keys).multiply(.transposed(part(head, dropped)), .plain(output))
            }
            scores.drop(rate: rate, key: kept.key &+ UInt64(index))
            scores.softmaxGradient(all)
            for head in 0..<heads {
                let score = part(head, scores)
                if let bias { score.sumDiagonals(into: bias.gradients[rows: head..<head + 1], center: bias.center) }
                let (query, key) = (
                    part(head, kept.operands.queries, span.queries), part(head, kept.operands.keys, span.keys)
                )
                part(head, into.queries, span.queries).multiply(.plain(score), .plain(key))
                part(head, into.keys, span.keys).multiply(.transposed(score), .plain(query))
            }
        }
    }

    private func dropped(_ probabilities: FloatRows, _ key: UInt64, _ span: Int, _ pass: Pass) -> FloatRows {
        let rate = pass.regularization.attentionDropout
        guard rate > 0 else { return probabilities }
        let dropped = pass.arena.copy(probabilities)
        dropped.drop(rate: rate, key: key &+ UInt64(span))
        return dropped
    }

    /// The columns of one head in some rows of an operand.
    private func part(_ head: Int, _ operand: FloatRows, _ rows: Range<Int>) -> FloatRows {
        operand[rows: rows][columns: head * headWidth..<(head + 1) * headWidth]
    }

    /// The rows of one head in the probabilities of a span.
    private func part(_ head: Int, _ probabilities: FloatRows) -> FloatRows {
        let queries = probabilities.rows / heads
        return probabilities[rows: head * queries..<(head + 1) * queries]
    }
}
