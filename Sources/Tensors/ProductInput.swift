import CKernels

/// The rows that products multiply: rounded to a precision once, read by any number of products.
///
/// Owned by one thread, which lends it to the workers for one region.
///
/// `@unchecked Sendable`: as `Matrix`.
package final class ProductInput: @unchecked Sendable {
    package private(set) var rows = 0
    package private(set) var columns = 0
    package private(set) var precision = WeightPrecision.float32
    /// Floats between rows: whole cache lines, and never a multiple of a page, which would put every row of a block in
    /// the same place of the cache.
    private var stride = 0
    private var memory = AlignedMemory(count: 16)
    private var capacity = 16
    /// What one step of each row is worth, for int8.
    private let scales = Matrix()

    package init() {}

    /// Rounds every row of `matrix`.
    package func load(_ matrix: Matrix, as precision: WeightPrecision, on workers: Workers) {
        resize(rows: matrix.rows, columns: matrix.columns, precision)
        workers.forEachRow(rows, columns: columns) { round(matrix, $0) }
    }

    /// Leaves the root-mean-square norm of every row of `matrix` in `normed`, and rounded here.
    ///
    /// `scale` is `[1, columns]`.
    package func load(
        normOf matrix: Matrix,
        scale: Matrix,
        epsilon: Float,
        into normed: Matrix,
        as precision: WeightPrecision,
        on workers: Workers
    ) {
        precondition(scale.columns == matrix.columns, "scale of \(scale.columns) for rows of \(matrix.columns)")
        resize(rows: matrix.rows, columns: matrix.columns, precision)
        normed.resize(rows: rows, columns: columns)
        workers.forEachRow(rows, columns: columns) { row in
            ck_rms_norm_f32(
                matrix.base + row * columns,
                scale.base,
                normed.base + row * columns,
                1,
                columns,
                epsilon
            )
            round(normed, row)
        }
    }

    /// Takes rows of `source`, in the order given.
    package func gather(_ indices: [Int32], from source: ProductInput, on workers: Workers) {
        resize(rows: indices.count, columns: source.columns, source.precision)
        workers.forEachRow(rows, columns: columns) { row in
            let index = Int(indices[row])
            precondition(index >= 0 && index < source.rows, "row \(index) of \(source.rows)")
            (memory.base + row * stride).update(from: source.memory.base + index * stride, count: stride)
            scales.base[row] = source.scales.base[index]
        }
    }

    /// Rows from `first` on, until the next load.
    func rows(from first: Int) -> ck_rows {
        ck_rows(
            data: memory.base + first * stride,
            stride: stride * MemoryLayout<Float>.size,
            scales: scales.base + first
        )
    }

    private func round(_ matrix: Matrix, _ row: Int) {
        scales.base[row] = ck_round_row(
            precision.element,
            matrix.base + row * columns,
            columns,
            memory.base + row * stride
        )
    }

    private func resize(rows: Int, columns: Int, _ precision: WeightPrecision) {
        self.rows = rows
        self.columns = columns
        self.precision = precision
        stride = (precision.groups(columns) + 15) / 16 * 16
        if stride % 1024 == 0 { stride += 16 }
        if rows * stride > capacity {
            capacity = rows * stride
            memory = AlignedMemory(count: capacity)
        }
        scales.resize(rows: rows, columns: 1)
    }
}
