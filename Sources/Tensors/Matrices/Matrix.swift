/// A row-major Float32 matrix in memory of its own, aligned to 64 bytes, resized without being freed.
///
/// The one fenced unsafe type of activations: kernels take its pointers inside this target.
///
/// `@unchecked Sendable`: a matrix of weights is written before it is shared; any other is owned by one thread, which
/// lends disjoint rows to the workers for one region.
package final class Matrix: @unchecked Sendable {
    /// 0 or more; what they held before the last `resize` is undefined.
    package private(set) var rows: Int
    /// Elements of a row, and floats between rows: there are no gaps.
    package private(set) var columns: Int
    private var capacity: Int
    private var memory: AlignedMemory

    /// Elements start undefined.
    package init(rows: Int = 0, columns: Int = 0) {
        self.rows = rows
        self.columns = columns
        capacity = max(rows * columns, 16)
        memory = AlignedMemory(count: capacity)
    }

    var base: UnsafeMutablePointer<Float> { memory.base }

    /// - Precondition: `elements.count == rows * columns`.
    package convenience init(rows: Int, columns: Int, elements: [Float]) {
        precondition(elements.count == rows * columns, "\(elements.count) elements do not fill [\(rows), \(columns)]")
        self.init(rows: rows, columns: columns)
        base.update(from: elements, count: elements.count)
    }

    /// Changes the size; the contents are undefined afterwards.
    ///
    /// Allocates only when it grows past what it ever held.
    package func resize(rows: Int, columns: Int) {
        if rows * columns > capacity {
            capacity = rows * columns
            memory = AlignedMemory(count: capacity)
        }
        self.rows = rows
        self.columns = columns
    }

    /// Adds rows behind those there are, which stay; the new ones are undefined.
    func grow(to rows: Int) {
        if rows * columns > capacity {
            capacity = max(rows * columns, 2 * capacity)
            let larger = AlignedMemory(count: capacity)
            larger.base.update(from: base, count: self.rows * columns)
            memory = larger
        }
        self.rows = rows
    }

    /// Reads row `row`: `columns` elements.
    package func withRow<Result>(_ row: Int, _ body: (Span<Float>) throws -> Result) rethrows -> Result {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return try body(UnsafeBufferPointer(start: base + row * columns, count: columns).span)
    }

    /// All elements, row by row.
    ///
    /// For tests and small results.
    package var elements: [Float] { Array(UnsafeBufferPointer(start: base, count: rows * columns)) }
}
