extension StoredTensor {
    /// Whether another tensor has the same shape and, as Float, the same elements; stops reading where they part.
    package func holdsSame(as other: StoredTensor) -> Bool {
        guard shape == other.shape else { return false }
        guard elementCount > 0 else { return true }
        let chunk = max(1, 16384 / rowWidth)
        var (own, others) = (
            [Float](repeating: 0, count: chunk * rowWidth), [Float](repeating: 0, count: chunk * rowWidth)
        )
        for start in stride(from: 0, to: rows, by: chunk) {
            let range = start..<min(start + chunk, rows)
            let count = range.count * rowWidth
            own.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { convert(rows: range, into: base) } }
            others.withUnsafeMutableBufferPointer {
                if let base = $0.baseAddress { other.convert(rows: range, into: base) }
            }
            guard own[..<count] == others[..<count] else { return false }
        }
        return true
    }
}
