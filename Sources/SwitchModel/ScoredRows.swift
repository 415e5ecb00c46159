import Tensors

/// What the next step leaves scores of, in the order asked for: tokens it runs, and positions that were read before.
struct ScoredRows {
    private struct ReadRow {
        /// Which row of the scores it becomes.
        let place: Int
        let hidden: Matrix
        let row: Int
    }

    /// What each row's scores are wanted for.
    private(set) var details: [VocabularyScores.Detail] = []
    private var read: [ReadRow] = []
    private let all = Matrix()

    mutating func removeAll() {
        details.removeAll(keepingCapacity: true)
        read.removeAll(keepingCapacity: true)
    }

    /// Takes the next token that is run.
    mutating func append(_ detail: VocabularyScores.Detail) { details.append(detail) }

    /// Takes a row of `hidden`, `[positions, model]`, after the final norm.
    mutating func append(_ row: Int, of hidden: Matrix, _ detail: VocabularyScores.Detail) {
        read.append(ReadRow(place: details.count, hidden: hidden, row: row))
        details.append(detail)
    }

    /// All rows in their order, `[rows, model]`: those of `stepped` in theirs, with what was read in between.
    func joined(with stepped: Matrix, width: Int) -> Matrix {
        guard !read.isEmpty else { return stepped }
        all.resize(rows: details.count, columns: width)
        var (place, row) = (0, 0)
        func takeStepped(until end: Int) {
            let count = end - place
            all.copy(rows: row..<row + count, columns: 0..<width, of: stepped, toRow: place)
            (place, row) = (end, row + count)
        }
        for next in read {
            takeStepped(until: next.place)
            all.copy(rows: next.row..<next.row + 1, columns: 0..<width, of: next.hidden, toRow: place)
            place += 1
        }
        takeStepped(until: details.count)
        return all
    }
}
