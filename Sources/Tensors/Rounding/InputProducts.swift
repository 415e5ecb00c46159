/// The products of a linear layer's inputs with each other, summed over rows: what rounding its weights costs on these.
///
/// Owned by one thread. BLAS computes on as many threads as it was told to.
package final class InputProducts {
    private let inputs: Int
    private let memory: FloatBuffer

    /// Of a layer with so many inputs; all 0.
    package init(inputs: Int) {
        self.inputs = inputs
        memory = FloatBuffer(count: inputs * inputs)
    }

    private var sums: FloatRows { memory.view(at: 0, rows: inputs, columns: inputs) }

    /// Adds those of rows, `[rows, at least inputs]`, of which the first columns count, times a weight.
    package func add(_ rows: Matrix, weight: Float = 1) {
        precondition(rows.columns >= inputs && weight >= 0)
        // By the root, that of a copy.
        let copy = FloatBuffer(count: rows.rows * inputs)
        let scaled = copy.view(at: 0, rows: rows.rows, columns: inputs)
        scaled.copy(FloatRows(base: rows.base, rows: rows.rows, columns: inputs, stride: rows.columns))
        copy.all.scale(by: weight.squareRoot())
        sums.multiply(.transposed(scaled), .plain(scaled), .add)
        withExtendedLifetime((copy, rows)) {}
    }

    /// What rounding passes on, for weights whose columns are multiplied by `factors`; none stands for ones.
    ///
    /// - Parameter damping: added to the diagonal, a share of its mean.
    /// - Returns: nil where the products are all 0, not finite, or have no inverse even so.
    package func errorFactor(columnFactors factors: [Float] = [], damping: Float) -> ErrorFactor? {
        precondition(factors.isEmpty || factors.count == inputs)
        let copy = FloatBuffer(count: inputs * inputs)
        let matrix = copy.view(at: 0, rows: inputs, columns: inputs)
        matrix.copy(sums)
        if !factors.isEmpty {
            for row in 0..<inputs {
                for column in 0..<inputs { matrix.base[row * inputs + column] /= factors[row] * factors[column] }
            }
        }
        let mean = (0..<inputs).reduce(Float(0)) { $0 + matrix[$1, $1] } / Float(inputs)
        guard mean > 0, mean.isFinite else { return nil }
        for index in 0..<inputs { matrix[index, index] += damping * mean }
        return ErrorFactor(copy, inputs: inputs)
    }
}
