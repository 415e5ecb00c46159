import CKernels

extension Matrix {
    /// Divides each row by its root mean square, then multiplies each column by `scale`.
    ///
    /// `output` takes the shape of this matrix and may be this matrix. `scale` has one row, `[1, columns]`.
    package func rmsNormalized(scale: Matrix, epsilon: Float, into output: Matrix) {
        precondition(scale.columns == columns, "scale of \(scale.columns) for rows of \(columns)")
        if output !== self { output.resize(rows: rows, columns: columns) }
        guard rows > 0 else { return }
        ck_rms_norm_f32(base, scale.base, output.base, rows, columns, epsilon)
    }

    /// Turns every row into probabilities, in place.
    package func softmaxRows() {
        for row in 0..<rows { ck_softmax_f32(base + row * columns, columns) }
    }

    /// Adds row `i` of `source` times `scales[indices[i]]` to row `indices[i]` of this matrix; passes over rows whose index
    /// is behind its last.
    ///
    /// - Precondition: no index comes twice.
    package func scatterAdd(_ source: Matrix, at indices: [Int32], scales: [Float], on workers: Workers) {
        precondition(source.columns == columns && source.rows == indices.count && scales.count == rows)
        indices.withUnsafeBufferPointer { indices in
            scales.withUnsafeBufferPointer { scales in
                let work = ScatteredRows(
                    source: source.base,
                    target: base,
                    rows: rows,
                    columns: columns,
                    indices: indices,
                    scales: scales
                )
                workers.run(rows: indices.count, columns: columns, work)
            }
        }
    }

    /// Sets row `(indices[i] - first) / step` of this matrix to row `i` of `source`; passes over rows whose index is before
    /// `first`.
    ///
    /// - Precondition: no index comes twice.
    package func set(_ source: Matrix, at indices: [Int32], from first: Int, every step: Int) {
        precondition(source.columns == columns && source.rows == indices.count)
        for (row, index) in indices.enumerated() where Int(index) >= first {
            let target = (Int(index) - first) / step
            precondition(target < rows, "row \(target) of \(rows)")
            (base + target * columns).update(from: source.base + row * columns, count: columns)
        }
    }

    /// Sets all elements, row by row, from the bytes of as many.
    package func set(bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == rows * columns * MemoryLayout<Float>.size)
        UnsafeMutableRawBufferPointer(start: base, count: bytes.count).copyMemory(from: bytes)
    }

    /// The bytes of some rows, element by element.
    package func withBytes<Result>(
        ofRows range: Range<Int>,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        let count = range.count * columns * MemoryLayout<Float>.size
        return try body(UnsafeRawBufferPointer(start: base + range.lowerBound * columns, count: count))
    }

    /// Adds rows of `source` that follow each other, as many for each row of this matrix, to that row, first to last.
    package func addRuns(of source: Matrix, on workers: Workers) {
        precondition(source.columns == columns && rows > 0 && source.rows % rows == 0)
        let work = SummedRuns(source: source.base, target: base, length: source.rows / rows, columns: columns)
        workers.run(rows: rows, columns: columns, work)
    }

    /// Adds row `r` of `source` times a scale to row `r` of this matrix, as often as `isTaken` says so in its run for `r`:
    /// runs follow each other and are equally long, as those of `scales`.
    package func addRows(of source: Matrix, where isTaken: [Bool], scales: [Float]) {
        precondition(source.rows == rows && source.columns == columns && scales.count == isTaken.count)
        let length = isTaken.count / max(rows, 1)
        for place in isTaken.indices where isTaken[place] {
            let offset = place / length * columns
            ck_add_scaled_f32(source.base + offset, scales[place], base + offset, columns)
        }
    }

    /// Copies some columns of some rows: `rows` and `columns` of `source` to the same-sized place at (`row`, 0) here.
    package func copy(rows: Range<Int>, columns range: Range<Int>, of source: Matrix, toRow row: Int) {
        precondition(range.count == columns && row + rows.count <= self.rows && rows.upperBound <= source.rows)
        for index in 0..<rows.count {
            (base + (row + index) * columns).update(
                from: source.base + (rows.lowerBound + index) * source.columns + range.lowerBound,
                count: columns
            )
        }
    }

    /// Sets a row to the mean of some rows of `source`, at least one, summed first to last.
    package func setMean(row: Int, ofRows range: Range<Int>, of source: Matrix) {
        precondition(source.columns == columns && row < rows && !range.isEmpty && range.upperBound <= source.rows)
        let target = base + row * columns
        target.update(repeating: 0, count: columns)
        for index in range { ck_add_scaled_f32(source.base + index * columns, 1, target, columns) }
        for column in 0..<columns { target[column] /= Float(range.count) }
    }

    /// Sets every element to 0.
    package func clear() { base.update(repeating: 0, count: rows * columns) }

    /// Multiplies every element.
    package func scale(by factor: Float) {
        for index in 0..<rows * columns { base[index] *= factor }
    }

    /// Adds `bias`, `[1, columns]`, to every row.
    package func addToRows(_ bias: Matrix) {
        precondition(bias.columns == columns)
        for row in 0..<rows { ck_add_scaled_f32(bias.base, 1, base + row * columns, columns) }
    }

    /// Whether every element is a number.
    package var isFinite: Bool { ck_all_finite_f32(base, rows * columns) != 0 }

    /// Fills rows `rows` through a writer that is handed the place to write to.
    package func fill(rows: Range<Int>, _ write: (UnsafeMutablePointer<Float>) -> Void) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        write(base + rows.lowerBound * columns)
    }
}

private struct ScatteredRows: RowWork {
    let source: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let rows: Int
    let columns: Int
    let indices: UnsafeBufferPointer<Int32>
    let scales: UnsafeBufferPointer<Float>

    func run(row: Int) {
        let index = Int(indices[row])
        precondition(index >= 0, "row \(index)")
        guard index < rows else { return }
        ck_add_scaled_f32(source + row * columns, scales[index], target + index * columns, columns)
    }
}

private struct SummedRuns: RowWork {
    let source: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let length: Int
    let columns: Int

    func run(row: Int) {
        for index in row * length..<(row + 1) * length {
            ck_add_scaled_f32(source + index * columns, 1, target + row * columns, columns)
        }
    }
}
