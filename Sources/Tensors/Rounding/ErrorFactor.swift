/// How what rounding misses at one input of a linear layer is made up for at the inputs after it: the upper triangular `U`
/// with `UᵀU` the inverse of the products of inputs (GPTQ, Frantar and others, 2022, §3).
package struct ErrorFactor {
    let inputs: Int
    private let memory: FloatBuffer

    private static let block = 64

    /// - Parameter products: `[inputs, inputs]`, symmetric; overwritten.
    /// - Returns: nil where they are not positive definite, as far as Float32 tells.
    init?(_ products: FloatBuffer, inputs: Int) {
        self.inputs = inputs
        let matrix = products.view(at: 0, rows: inputs, columns: inputs)
        memory = FloatBuffer(count: inputs * inputs)
        let starts = Array(stride(from: 0, to: inputs, by: Self.block))
        let blocks = starts.map { $0..<min($0 + Self.block, inputs) }.reversed()
        for block in blocks { guard Self.factor(matrix, block, inverses: upper) else { return nil } }
        for block in blocks { Self.invert(matrix, block, into: upper) }
    }

    /// `[inputs, inputs]`; valid while the factor lives.
    var upper: FloatRows { memory.view(at: 0, rows: inputs, columns: inputs) }

    /// Replaces columns `block` of a matrix `A = RRᵀ`, `R` upper triangular, by those of `R`, columns after them being done;
    /// and leaves the inverse of the block on the diagonal in `inverses`.
    private static func factor(_ matrix: FloatRows, _ block: Range<Int>, inverses: FloatRows) -> Bool {
        let (above, after) = (0..<block.upperBound, block.upperBound..<matrix.columns)
        let done = matrix[columns: after]
        let columns = matrix[rows: above][columns: block]
        columns.multiply(.plain(done[rows: above]), .transposed(done[rows: block]), .subtract)
        let corner = matrix[rows: block][columns: block]
        let inverse = inverses[rows: block][columns: block]
        guard factor(corner), invert(corner, into: inverse) else { return false }
        let rest = matrix[rows: 0..<block.lowerBound][columns: block]
        let memory = FloatBuffer(count: rest.count)
        let copy = memory.view(at: 0, rows: rest.rows, columns: rest.columns)
        copy.copy(rest)
        rest.multiply(.plain(copy), .transposed(inverse))
        return withExtendedLifetime(memory) { true }
    }

    /// Fills rows `block` of the inverse of `R`, rows after them being done and the block on the diagonal there.
    private static func invert(_ matrix: FloatRows, _ block: Range<Int>, into upper: FloatRows) {
        let after = block.upperBound..<matrix.columns
        guard !after.isEmpty else { return }
        let product = FloatBuffer(count: block.count * after.count)
        let rows = product.view(at: 0, rows: block.count, columns: after.count)
        rows.multiply(.plain(matrix[rows: block][columns: after]), .plain(upper[rows: after][columns: after]))
        let target = upper[rows: block][columns: after]
        target.clear()
        target.multiply(.plain(upper[rows: block][columns: block]), .plain(rows), .subtract)
        withExtendedLifetime(product) {}
    }

    /// Replaces a small `A = RRᵀ` by `R`.
    private static func factor(_ matrix: FloatRows) -> Bool {
        let size = matrix.rows
        for column in (0..<size).reversed() {
            let pivot = matrix[column, column]
            guard pivot > 0, pivot.isFinite else { return false }
            let root = pivot.squareRoot()
            matrix[column, column] = root
            for row in 0..<column { matrix[row, column] /= root }
            for other in 0..<column {
                let factor = matrix[other, column]
                for row in 0...other { matrix[row, other] -= matrix[row, column] * factor }
            }
            for row in column + 1..<max(size, column + 1) { matrix[row, column] = 0 }
        }
        return true
    }

    /// Fills a small `inverse` with that of the upper triangular `matrix`.
    private static func invert(_ matrix: FloatRows, into inverse: FloatRows) -> Bool {
        inverse.clear()
        for column in 0..<matrix.columns {
            for row in (0...column).reversed() {
                var sum: Float = row == column ? 1 : 0
                for inner in row + 1..<max(column + 1, row + 1) { sum -= matrix[row, inner] * inverse[inner, column] }
                inverse[row, column] = sum / matrix[row, row]
                guard inverse[row, column].isFinite else { return false }
            }
        }
        return true
    }
}
