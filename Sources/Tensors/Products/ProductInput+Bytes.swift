import CKernels

/// Rows as another process is sent them: as they were rounded, so that what is made of them has the same bits there.
///
/// A row is its words, then, where elements share a scale, how many outliers it has and those; then its scale.
extension ProductInput {
    /// Bytes of row `row`.
    package func byteCount(row: Int) -> Int {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return ck_used_row_bytes(precision.inputElement, columns, memory.base + row * stride) + 4
    }

    /// Writes row `row` into as many bytes as it has.
    package func write(row: Int, to target: UnsafeMutableRawBufferPointer) {
        let count = byteCount(row: row)
        precondition(target.count == count, "\(target.count) bytes for \(count)")
        let words = UnsafeRawBufferPointer(start: memory.base + row * stride, count: count - 4)
        target.copyMemory(from: words)
        target.storeBytes(of: scales.base[row], toByteOffset: count - 4, as: Float.self)
    }

    /// Leaves no rows, so that rows can be added.
    package func begin(columns: Int, as precision: WeightPrecision) { resize(rows: 0, columns: columns, precision) }

    /// Makes room for more rows behind those there are, to be read one by one.
    ///
    /// Asks for memory only where there are more than ever before.
    package func add(rows added: Int) { grow(to: rows + added) }

    /// Takes row `row` from the first of `bytes`; returns how many it had, nil where they are not a row.
    package func read(row: Int, from bytes: UnsafeRawBufferPointer) -> Int? {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        let element = precision.inputElement
        let words = ck_row_words(element, columns) * 4
        var count = words
        if ck_keeps_apart(element) != 0 {
            guard bytes.count >= words + 4 else { return nil }
            let outliers = Int(bytes.loadUnaligned(fromByteOffset: words, as: UInt32.self))
            guard outliers <= ck_most_outliers(columns) else { return nil }
            count += 4 + outliers * MemoryLayout<ck_outlier>.size
        }
        guard bytes.count >= count + 4 else { return nil }
        let target = UnsafeMutableRawBufferPointer(start: memory.base + row * stride, count: count)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        scales.base[row] = bytes.loadUnaligned(fromByteOffset: count, as: Float.self)
        return hasOutliersInside(row: row, from: words, to: count) ? count + 4 : nil
    }

    /// Whether the outliers of a row lie in it, in the order of their columns.
    private func hasOutliersInside(row: Int, from words: Int, to end: Int) -> Bool {
        guard end > words else { return true }
        let first = UnsafeRawPointer(memory.base + row * stride) + words + 4
        var next = 0
        for offset in Swift.stride(from: 0, to: end - words - 4, by: MemoryLayout<ck_outlier>.size) {
            let column = Int(first.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            guard column >= next, column < columns else { return false }
            next = column + 1
        }
        return true
    }
}
