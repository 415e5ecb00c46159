import CKernels

/// Attention of one query row for each of several sequences to their cached keys and values: a decoder step's, in one
/// layer.
package struct CachedAttention {
    /// `[rows, at least heads · width]`; queries are the first columns.
    package var query: Matrix
    package var pool: KeyValuePool
    /// Whose keys and values, from 0 up to the pool's `layers`.
    package var layer: Int
    /// `[heads, 2 · reach - 1]` by distance between positions; nil for none.
    ///
    /// The query stands at its last key.
    package var bias: Matrix?
    /// `[rows, heads · width]`.
    package var output: Matrix

    /// - Precondition: `output` has as many columns as the pool's heads have in all, and `query` at least as many.
    package init(query: Matrix, pool: KeyValuePool, layer: Int, bias: Matrix?, output: Matrix) {
        precondition(output.columns == pool.shape.heads * pool.shape.headWidth && query.columns >= output.columns)
        self.query = query
        self.pool = pool
        self.layer = layer
        self.bias = bias
        self.output = output
    }

    /// What a row attends to, mean over heads: `[keys]`, summing to 1.
    ///
    /// Runs the row again, head by head, on the calling thread, and leaves the output as it was.
    ///
    /// - Parameters:
    ///   - keys: those that the row was run with.
    ///   - scratch: that of the run.
    package func meanWeights(row: Int, _ keys: RowListView, scratch: Matrix) -> [Float] {
        precondition(scratch.columns >= (keys.count + 15) / 16 * 16)
        var weights = [Float](repeating: 0, count: keys.count)
        for head in 0..<heads {
            run(row: row, heads: head..<head + 1, keys, scores: scratch.base)
            for key in weights.indices { weights[key] += scratch.base[key] / Float(heads) }
        }
        return weights
    }

    fileprivate var heads: Int { pool.shape.heads }

    fileprivate func run(row: Int, heads range: Range<Int>, _ keys: RowListView, scores: UnsafeMutablePointer<Float>) {
        ck_attention_row(
            query.base + row * query.columns,
            pool.cache(layer: layer),
            range.lowerBound,
            range.upperBound,
            keys.rows,
            keys.count,
            bias?.biasRow(head: 0, position: keys.count - 1),
            bias?.columns ?? 0,
            scores,
            output.base + row * output.columns
        )
    }
}

/// Attention cut into tiles of rows, or of some heads of one row.
private struct AttentionTiles: RegionWork {
    let attention: CachedAttention
    let keys: UnsafeBufferPointer<RowListView>
    let scores: UnsafeMutablePointer<Float>
    let scoresPerThread: Int
    /// Heads are shared out among this many tiles.
    let groups: Int
    let rowsPerTile: Int

    var tiles: Int { (keys.count + rowsPerTile - 1) / rowsPerTile * groups }

    func run(tile: Int, thread: Int) {
        let (group, first) = (tile % groups, tile / groups * rowsPerTile)
        let range = group * attention.heads / groups..<(group + 1) * attention.heads / groups
        for row in first..<min(first + rowsPerTile, keys.count) {
            attention.run(row: row, heads: range, keys[row], scores: scores + thread * scoresPerThread)
        }
    }
}

extension Workers {
    /// Runs attention in one region; row `i` attends to `keys[i]`.
    ///
    /// `scratch` is resized to what the threads need.
    package func run(_ attention: CachedAttention, _ keys: [RowListView], scratch: Matrix) {
        let longest = keys.reduce(1) { max($0, $1.count) }
        // A page at a time, so that histories that grow by a token do not ask for memory every 16.
        scratch.resize(rows: threads, columns: (longest + 1023) / 1024 * 1024)
        // A short row is not worth a second thread; a few long ones are shared out by heads.
        let isShort = keys.count * longest * attention.output.columns < 1 << 15
        keys.withUnsafeBufferPointer { keys in
            let tiles = AttentionTiles(
                attention: attention,
                keys: keys,
                scores: scratch.base,
                scoresPerThread: scratch.columns,
                groups: isShort || keys.count >= 2 * threads ? 1 : min(attention.heads, 2 * threads),
                rowsPerTile: isShort ? max(keys.count, 1) : 1
            )
            run(tiles.tiles, tiles)
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
