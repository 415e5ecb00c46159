import CKernels

/// Scores of rows over the vocabulary: of every row the best and the sum, and all of them where they are asked for.
///
/// A panel's scores are summed up while they are in the cache, so that a row that wants its best token alone is never
/// written out.
///
/// Owned by one thread, which lends it to the workers for one region.
package final class VocabularyScores {
    /// What a row is wanted for.
    package enum Detail: Sendable {
        /// The most probable token and its log-probability.
        case best
        /// Every token.
        case all
    }

    /// Rows of the last load: what `row` counts up to.
    package private(set) var rows = 0
    /// Scores of a row, below 2²⁴.
    package private(set) var vocabulary = 0
    private var panels = 0
    private var details: [Detail] = []
    private let logits = Matrix()  // [rows, vocabulary], undefined where the detail is not `all`
    /// By row and panel, `[rows, panels]`: the largest score, its column, and the sum of exponentials relative to it.
    private let largest = Matrix()
    private let columns = Matrix()
    private let sums = Matrix()
    private let scratch = Matrix()

    package init() {}

    /// All scores of rows that are there already, `[rows, vocabulary]`.
    package convenience init(_ logits: Matrix) {
        self.init()
        resize(vocabulary: logits.columns, details: Array(repeating: .all, count: logits.rows))
        self.logits.copy(rows: 0..<rows, columns: 0..<vocabulary, of: logits, toRow: 0)
        for row in 0..<rows {
            for panel in 0..<panels {
                let column = panel * PackedMatrix.width
                summaries.take(
                    self.logits.base + row * vocabulary + column,
                    min(PackedMatrix.width, vocabulary - column),
                    row: row,
                    panel: panel
                )
            }
        }
    }

    /// The most probable token of a row, the first of equals.
    package func best(row: Int) -> Int {
        precondition(row >= 0 && row < rows && vocabulary > 0)
        let panel = ck_argmax_f32(largest.base + row * panels, panels)
        return Int(columns.base[row * panels + panel])
    }

    /// The score of the most probable token of a row.
    package func bestScore(row: Int) -> Float {
        precondition(row >= 0 && row < rows && vocabulary > 0)
        return ck_max_f32(largest.base + row * panels, panels)
    }

    /// The natural logarithm of the sum of the exponentials of a row; not finite when a score is not.
    package func logSumExp(row: Int) -> Float {
        precondition(row >= 0 && row < rows && vocabulary > 0)
        return ck_merged_log_sum_f32(largest.base + row * panels, sums.base + row * panels, panels)
    }

    /// Reads all scores of a row that was asked for with `.all`.
    package func withRow<Result>(_ row: Int, _ body: (Span<Float>) throws -> Result) rethrows -> Result {
        precondition(details[row] == .all, "row \(row) was asked for its best token alone")
        return try logits.withRow(row, body)
    }

    /// - Precondition: a vocabulary below 2²⁴, whose numbers Float32 holds exactly.
    private func resize(vocabulary: Int, details: [Detail]) {
        precondition(vocabulary < 1 << 24)
        // A copy: sharing the array would make its owner allocate another.
        self.details.removeAll(keepingCapacity: true)
        self.details.append(contentsOf: details)
        (rows, self.vocabulary) = (details.count, vocabulary)
        panels = (vocabulary + PackedMatrix.width - 1) / PackedMatrix.width
        logits.resize(rows: rows, columns: vocabulary)
        largest.resize(rows: rows, columns: panels)
        columns.resize(rows: rows, columns: panels)
        sums.resize(rows: rows, columns: panels)
    }

    private var summaries: PanelSummaries {
        PanelSummaries(largest: largest.base, columns: columns.base, sums: sums.base, panels: panels)
    }

    /// Multiplies `input` by `head` and takes the scores: row `i` in the detail `details[i]`.
    package func load(_ head: PackedMatrix, _ input: ProductInput, _ details: [Detail], on workers: Workers) {
        resize(vocabulary: head.outputs, details: details)
        guard rows > 0 else { return }
        scratch.resize(rows: workers.threads, columns: rows * PackedMatrix.width)
        let product = Product(head, input, into: logits)
        details.withUnsafeBufferPointer { details in
            let work = ScoredPanels(
                product: product.panels,
                details: details,
                scratch: scratch.base,
                summaries: summaries
            )
            workers.run(panels, work)
        }
        withExtendedLifetime(product) {}
    }
}

/// Where panels of scores are summed up.
private struct PanelSummaries {
    let largest: UnsafeMutablePointer<Float>
    let columns: UnsafeMutablePointer<Float>
    let sums: UnsafeMutablePointer<Float>
    let panels: Int

    func take(_ scores: UnsafePointer<Float>, _ count: Int, row: Int, panel: Int) {
        let (place, best) = (row * panels + panel, ck_argmax_f32(scores, count))
        largest[place] = scores[best]
        columns[place] = Float(panel * PackedMatrix.width + best)
        // A panel of nothing but minus infinity adds nothing; a NaN makes the sum one.
        sums[place] = ck_exponential_sum_f32(scores, count, scores[best] == -.infinity ? 0 : scores[best])
    }
}

/// Panels of the head: each leaves its scores with its thread, which sums them up and writes out those that are wanted.
private struct ScoredPanels: RegionWork {
    let product: PanelRun
    let details: UnsafeBufferPointer<VocabularyScores.Detail>
    let scratch: UnsafeMutablePointer<Float>
    let summaries: PanelSummaries

    func run(tile panel: Int, thread: Int) {
        let width = PackedMatrix.width
        let (scores, count) = (scratch + thread * product.rows * width, product.columns(of: panel))
        product.run(panel, into: scores, stride: width)
        for row in 0..<product.rows {
            summaries.take(scores + row * width, count, row: row, panel: panel)
            if details[row] == .all {
                (product.output + row * product.outputs + panel * width).update(
                    from: scores + row * width,
                    count: count
                )
            }
        }
    }
}
