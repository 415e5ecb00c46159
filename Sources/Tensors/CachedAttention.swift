import CKernels

/// One query row against a cache of keys and values: attention in a decoder step.
package struct CachedAttention {
    /// `[rows, at least heads · width]`; the query is the first columns of row `row`.
    package var query: Matrix
    /// The row of `query` read and of `output` written.
    package var row: Int
    /// Rows of `keys` and `values` attended to, in order; nil for the first `count`.
    package var cacheRows: [Int32]?
    package var count: Int
    /// `[positions, 2 · heads · width]`: keys and values side by side.
    package var cache: Matrix
    /// `[heads, 2 · reach - 1]` by distance, and the query's own position in it; nil for none.
    package var bias: (table: Matrix, position: Int)?
    package var output: Matrix

    /// Attends to every row of `cache` until told otherwise.
    package init(query: Matrix, row: Int, cache: Matrix, output: Matrix) {
        precondition(cache.columns == 2 * output.columns && query.columns >= output.columns)
        self.query = query
        self.row = row
        self.cache = cache
        self.output = output
        count = cache.rows
    }

    fileprivate func run(head: Int, width: Int, scores: UnsafeMutablePointer<Float>) {
        guard let cacheRows else { return run(head: head, width: width, scores: scores, cacheRows: nil) }
        cacheRows.withUnsafeBufferPointer {
            run(head: head, width: width, scores: scores, cacheRows: $0.baseAddress)
        }
    }

    private func run(
        head: Int,
        width: Int,
        scores: UnsafeMutablePointer<Float>,
        cacheRows: UnsafePointer<Int32>?
    ) {
        let column = head * width
        ck_attention_row_f32(
            query.base + row * query.columns + column,
            cache.base + column,
            cache.base + output.columns + column,
            cache.columns,
            cacheRows,
            count,
            width,
            bias.map { $0.table.biasRow(head: head, position: $0.position) },
            scores,
            output.base + row * output.columns + column
        )
    }
}

extension Workers {
    /// Runs attention for many rows in one region.
    ///
    /// `scratch` is resized to what the threads need.
    package func run(_ attentions: [CachedAttention], heads: Int, scratch: Matrix) {
        guard let width = attentions.first.map({ $0.output.columns / heads }) else { return }
        let longest = attentions.reduce(1) { max($0, $1.count) }
        scratch.resize(rows: threads, columns: longest)
        forEach(attentions.count * heads) { tile, thread in
            attentions[tile / heads].run(
                head: tile % heads,
                width: width,
                scores: scratch.base + thread * longest
            )
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
