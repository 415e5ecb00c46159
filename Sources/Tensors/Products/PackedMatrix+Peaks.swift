extension PackedMatrix.Source {
    /// The largest magnitude in every column: `[inputs]`, the same whatever the number of threads.
    package func columnPeaks(inputs: Int, on workers: Workers) -> [Float] {
        let found = Matrix(rows: workers.threads, columns: inputs)
        found.base.update(repeating: 0, count: found.rows * inputs)
        forEachRow(inputs: inputs, on: workers) { _, values, thread in
            let peaks = found.base + thread * inputs
            for column in 0..<inputs {
                let magnitude = values[column].magnitude
                peaks[column] = magnitude > peaks[column] ? magnitude : peaks[column]
            }
        }
        return (0..<inputs).map { column in (0..<found.rows).reduce(0) { max($0, found.base[$1 * inputs + column]) } }
    }

    /// The largest magnitude in every row: `[outputs]`.
    package func rowPeaks(inputs: Int, on workers: Workers) -> [Float] {
        let found = Matrix(rows: 1, columns: outputs)
        forEachRow(inputs: inputs, on: workers) { row, values, _ in
            var peak: Float = 0
            for column in 0..<inputs { peak = values[column].magnitude > peak ? values[column].magnitude : peak }
            found.base[row] = peak
        }
        return found.elements
    }

    /// The same matrix with row `i` multiplied by `outputFactors[i]` and column `i` by `inputFactors[i]`; none stands for
    /// ones.
    package func scaled(outputFactors: [Float], inputFactors: [Float], inputs: Int) -> PackedMatrix.Source {
        precondition(outputFactors.isEmpty || outputFactors.count == outputs)
        precondition(inputFactors.isEmpty || inputFactors.count == inputs)
        guard !outputFactors.isEmpty || !inputFactors.isEmpty else { return self }
        return PackedMatrix.Source(outputs: outputs) { [read] rows, destination in
            read(rows, destination)
            for row in rows {
                let values = destination + (row - rows.lowerBound) * inputs
                if !outputFactors.isEmpty, outputFactors[row] != 1 {
                    let factor = outputFactors[row]
                    for column in 0..<inputs { values[column] *= factor }
                }
                inputFactors.withUnsafeBufferPointer { factors in
                    for column in factors.indices { values[column] *= factors[column] }
                }
            }
        }
    }

    /// The share of every column of matrices stacked output by output that rounding to int8 loses, from 0 to 1: `[inputs]`.
    package static func columnLosses(_ sources: [Self], inputs: Int, on workers: Workers) -> [Float] {
        // Of every thread: squares of columns, then of what is lost.
        let found = Matrix(rows: workers.threads, columns: 2 * inputs)
        found.base.update(repeating: 0, count: found.rows * found.columns)
        for source in sources {
            source.forEachRow(inputs: inputs, on: workers) { _, values, thread in
                let squares = found.base + thread * 2 * inputs
                var peak: Float = 0
                for column in 0..<inputs { peak = values[column].magnitude > peak ? values[column].magnitude : peak }
                let step = peak / 127
                for column in 0..<inputs where step > 0 {
                    let lost = values[column] - (values[column] / step).rounded(.toNearestOrEven) * step
                    squares[column] += values[column] * values[column]
                    squares[inputs + column] += lost * lost
                }
            }
        }
        return (0..<inputs).map { column in
            let totals = (0..<found.rows).reduce(into: (all: Float(0), lost: Float(0))) { totals, row in
                totals.all += found.base[row * 2 * inputs + column]
                totals.lost += found.base[row * 2 * inputs + inputs + column]
            }
            return totals.all > 0 ? (totals.lost / totals.all).squareRoot() : 0
        }
    }

    /// Calls `body` with every row, several threads at once.
    private func forEachRow(
        inputs: Int,
        on workers: Workers,
        _ body: (_ row: Int, _ values: UnsafePointer<Float>, _ thread: Int) -> Void
    ) {
        let scratch = Matrix(rows: workers.threads, columns: PackedMatrix.width * inputs)
        workers.forEach((outputs + PackedMatrix.width - 1) / PackedMatrix.width) { chunk, thread in
            let rows = chunk * PackedMatrix.width..<min((chunk + 1) * PackedMatrix.width, outputs)
            let values = scratch.base + thread * scratch.columns
            read(rows, values)
            for row in rows { body(row, values + (row - rows.lowerBound) * inputs, thread) }
        }
    }
}
