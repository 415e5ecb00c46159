/// Rows of Float32 that lie in memory of a `FloatBuffer` or a `FloatArena`, possibly with gaps between them.
///
/// A value of an address and sizes that owns nothing: valid while its owner lives and, of an arena, until that is
/// emptied. Training computes on these; whoever holds one may write to it, so two threads are given different ones.
package struct FloatRows {
    let base: UnsafeMutablePointer<Float>
    /// They lie `stride` floats apart.
    package let rows: Int
    /// Elements of a row, without the gap behind it.
    package let columns: Int
    /// Floats between the starts of neighbouring rows.
    let stride: Int

    init(base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
        self.base = base
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    /// Elements, those in gaps left out.
    package var count: Int { rows * columns }

    /// Whether the elements follow each other without gaps.
    var isPacked: Bool { stride == columns || rows <= 1 }

    /// Some of the rows.
    package subscript(rows range: Range<Int>) -> FloatRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        return FloatRows(base: base + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
    }

    /// Some of the columns.
    package subscript(columns range: Range<Int>) -> FloatRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
        return FloatRows(base: base + range.lowerBound, rows: rows, columns: range.count, stride: stride)
    }

    /// The same elements in rows of another length.
    ///
    /// - Precondition: there are no gaps, and the elements fill the rows.
    package func reshaped(rows: Int, columns: Int) -> FloatRows {
        precondition(isPacked && rows * columns == count, "\(count) elements do not fill [\(rows), \(columns)]")
        return FloatRows(base: base, rows: rows, columns: columns)
    }

    /// One element; checked, so for tests and for what is done once a row rather than once an element.
    package subscript(row: Int, column: Int) -> Float {
        get {
            precondition(row >= 0 && row < rows && column >= 0 && column < columns, "element of \(rows) x \(columns)")
            return base[row * stride + column]
        }
        nonmutating set {
            precondition(row >= 0 && row < rows && column >= 0 && column < columns, "element of \(rows) x \(columns)")
            base[row * stride + column] = newValue
        }
    }

    /// All elements, row by row.
    package var elements: [Float] {
        (0..<rows).flatMap { UnsafeBufferPointer(start: base + $0 * stride, count: columns) }
    }

    /// Overwrites all elements, row by row.
    ///
    /// - Precondition: there are no gaps, and `elements` fill the rows.
    package func store(_ elements: [Float]) {
        precondition(isPacked && elements.count == count, "\(elements.count) elements for \(count)")
        base.update(from: elements, count: count)
    }

    /// Overwrites the rows with those of `source`, of the same size.
    package func copy(_ source: FloatRows) {
        precondition(source.rows == rows && source.columns == columns, "sizes differ")
        if isPacked, source.isPacked {
            base.update(from: source.base, count: count)
        } else {
            for row in 0..<rows {
                (base + row * stride).update(from: source.base + row * source.stride, count: columns)
            }
        }
    }

    /// Sets every element to 0.
    package func clear() {
        if isPacked {
            base.update(repeating: 0, count: count)
        } else {
            for row in 0..<rows { (base + row * stride).update(repeating: 0, count: columns) }
        }
    }
}
