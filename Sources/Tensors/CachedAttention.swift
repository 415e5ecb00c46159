import CKernels

/// One query row against a cache of keys and values: attention in a decoder step.
package struct CachedAttention {
    /// `[rows, heads · width]`; the query is one row's columns from `queryColumn` on.
    package var query: Matrix
    package var queryRow: Int
    /// Rows of `keys` and `values` attended to, in order; nil for the first `count`.
    package var cacheRows: [Int32]?
    package var count: Int
    package var keys: Matrix
    package var values: Matrix
    /// `[heads, 2 · reach - 1]` by distance, and the query's own position in it; nil for none.
    package var bias: (table: Matrix, position: Int)?
    package var output: Matrix

    package init(query: Matrix, queryRow: Int, keys: Matrix, values: Matrix, output: Matrix) {
        self.query = query
        self.queryRow = queryRow
        self.keys = keys
        self.values = values
        self.output = output
        count = keys.rows
    }

    fileprivate func run(head: Int, width: Int, scores: UnsafeMutablePointer<Float>) {
        guard let cacheRows else { return run(head: head, width: width, scores: scores, cacheRows: nil) }
        cacheRows.withUnsafeBufferPointer {
            run(head: head, width: width, scores: scores, cacheRows: $0.baseAddress)
        }
    }

    private func run(
        head: Int, width: Int, scores: UnsafeMutablePointer<Float>, cacheRows: UnsafePointer<Int32>?
    ) {
        let column = head * width
        ck_attention_row_f32(
            query.base + queryRow * query.columns + column,
            keys.base + column,
            values.base + column,
            keys.columns,
            cacheRows,
            count,
            width,
            bias.map { $0.table.biasRow(head: head, position: $0.position) },
            scores,
            output.base + queryRow * output.columns + column
        )
    }
}

extension Workers {
    /// Runs attention for many rows in one region. `scratch` is resized to what the threads need.
    package func run(_ attentions: [CachedAttention], heads: Int, scratch: Matrix) {
        guard let width = attentions.first.map({ $0.output.columns / heads }) else { return }
        let longest = attentions.reduce(1) { max($0, $1.count) }
        scratch.resize(rows: threads, columns: longest)
        forEach(attentions.count * heads) { tile, thread in
            attentions[tile / heads].run(
                head: tile % heads, width: width, scores: scratch.base + thread * longest)
        }
    }
}

extension Matrix {
    /// The bias of a query at `position` for keys 0, 1, …: a window into a table ordered by relative distance.
    func biasRow(head: Int, position: Int) -> UnsafePointer<Float> {
        let reach = (columns + 1) / 2
        precondition(position < reach, "position \(position) past the bias table's \(reach)")
        return UnsafePointer(base + head * columns + reach - 1 - position)
    }
}
