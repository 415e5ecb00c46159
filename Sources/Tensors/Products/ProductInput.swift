import CKernels

/// The rows that products multiply: rounded to a precision once, read by any number of products.
///
/// Owned by one thread, which lends it to the workers for one region.
///
/// `@unchecked Sendable`: as `Matrix`.
package final class ProductInput: @unchecked Sendable {
    /// Rows of the last load or gather.
    package private(set) var rows = 0
    /// Elements of a row before rounding, the `inputs` of the weights it is multiplied with.
    package private(set) var columns = 0
    package private(set) var precision = WeightPrecision.float32
    /// Floats between rows: whole cache lines, and never a multiple of a page, which would put every row of a block in
    /// the same place of the cache.
    private(set) var stride = 0
    private(set) var memory = AlignedMemory(count: 16)
    private var capacity = 16
    /// What one step of each row is worth, from int8 on.
    let scales = Matrix()

    package init() {}

    /// Rounds every row of `matrix`.
    package func load(_ matrix: Matrix, as precision: WeightPrecision, on workers: Workers) {
        resize(rows: matrix.rows, columns: matrix.columns, precision)
        workers.run(rows: rows, columns: columns, rounding(of: matrix))
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
        let work = NormedRows(
            source: matrix.base,
            scale: scale.base,
            epsilon: epsilon,
            rounding: rounding(of: normed)
        )
        workers.run(rows: rows, columns: columns, work)
    }

    /// Rounds every row of `inner` after `activation`; where it is gated, the first half of a row scaled by the second.
    ///
    /// Overwrites `inner`.
    package func load(
        _ activation: Activation,
        of inner: Matrix,
        isGated: Bool,
        as precision: WeightPrecision,
        on workers: Workers
    ) {
        resize(rows: inner.rows, columns: isGated ? inner.columns / 2 : inner.columns, precision)
        let work = ActivatedRows(
            activation: activation.element,
            isGated: isGated,
            sourceStride: inner.columns,
            rounding: rounding(of: inner)
        )
        workers.run(rows: rows, columns: inner.columns, work)
    }

    /// Takes rows of `source`, in the order given.
    package func gather(_ indices: [Int32], from source: ProductInput, on workers: Workers) {
        resize(rows: indices.count, columns: source.columns, source.precision)
        indices.withUnsafeBufferPointer { indices in
            let work = GatheredRows(
                element: precision.inputElement,
                columns: columns,
                source: source.memory.base,
                sourceScales: source.scales.base,
                sourceRows: source.rows,
                indices: indices,
                target: memory.base,
                targetScales: scales.base,
                stride: stride
            )
            workers.run(rows: rows, columns: columns, work)
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

    private func rounding(of matrix: Matrix) -> RoundedRows {
        RoundedRows(
            element: precision.inputElement,
            source: matrix.base,
            columns: columns,
            target: memory.base,
            stride: stride,
            scales: scales.base
        )
    }

    /// Keeps what there is.
    func grow(to rows: Int) {
        if rows * stride > capacity {
            capacity = max(rows * stride, 2 * capacity)
            let larger = AlignedMemory(count: capacity)
            larger.base.update(from: memory.base, count: self.rows * stride)
            memory = larger
        }
        scales.grow(to: rows)
        self.rows = rows
    }

    func resize(rows: Int, columns: Int, _ precision: WeightPrecision) {
        self.rows = rows
        self.columns = columns
        self.precision = precision
        stride = (ck_row_bytes(precision.inputElement, columns) / MemoryLayout<Float>.size + 15) / 16 * 16
        if stride % 1024 == 0 { stride += 16 }
        if rows * stride > capacity {
            capacity = rows * stride
            memory = AlignedMemory(count: capacity)
        }
        scales.resize(rows: rows, columns: 1)
    }
}

private struct RoundedRows: RowWork {
    let element: ck_element
    let source: UnsafeMutablePointer<Float>
    let columns: Int
    let target: UnsafeMutablePointer<Float>
    let stride: Int
    let scales: UnsafeMutablePointer<Float>

    func run(row: Int) { run(row: row, at: source + row * columns) }

    func run(row: Int, at values: UnsafePointer<Float>) {
        scales[row] = ck_round_row(element, values, columns, target + row * stride)
    }
}

/// Rows normed into what is then rounded.
private struct NormedRows: RowWork {
    let source: UnsafePointer<Float>
    let scale: UnsafePointer<Float>
    let epsilon: Float
    let rounding: RoundedRows

    func run(row: Int) {
        let columns = rounding.columns
        ck_rms_norm_f32(source + row * columns, scale, rounding.source + row * columns, 1, columns, epsilon)
        rounding.run(row: row)
    }
}

private struct ActivatedRows: RowWork {
    let activation: ck_activation
    let isGated: Bool
    let sourceStride: Int
    let rounding: RoundedRows

    func run(row: Int) {
        let values = rounding.source + row * sourceStride
        let count = rounding.columns
        ck_activate_f32(activation, values, isGated ? values + count : nil, count)
        rounding.run(row: row, at: values)
    }
}

private struct GatheredRows: RowWork {
    let element: ck_element
    let columns: Int
    let source: UnsafePointer<Float>
    let sourceScales: UnsafePointer<Float>
    let sourceRows: Int
    let indices: UnsafeBufferPointer<Int32>
    let target: UnsafeMutablePointer<Float>
    let targetScales: UnsafeMutablePointer<Float>
    /// Of both.
    let stride: Int

    func run(row: Int) {
        let index = Int(indices[row])
        precondition(index >= 0 && index < sourceRows, "row \(index) of \(sourceRows)")
        let used = ck_used_row_bytes(element, columns, source + index * stride) / MemoryLayout<Float>.size
        (target + row * stride).update(from: source + index * stride, count: used)
        targetScales[row] = sourceScales[index]
    }
}
