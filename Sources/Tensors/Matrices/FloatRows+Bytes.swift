/// Rows as bytes, on their way to another process and back.
extension FloatRows {
    /// Bytes of all elements.
    package var byteCount: Int { count * MemoryLayout<Float>.size }

    /// Writes all elements, row by row.
    ///
    /// - Precondition: there are no gaps, and `bytes` has room for exactly so many.
    package func write(to bytes: UnsafeMutableRawBufferPointer) {
        precondition(isPacked && bytes.count == byteCount, "\(byteCount) bytes do not fill \(bytes.count)")
        guard count > 0 else { return }
        bytes.copyMemory(from: UnsafeRawBufferPointer(start: base, count: byteCount))
    }

    /// Overwrites all elements, row by row.
    ///
    /// - Precondition: there are no gaps, and `bytes` are exactly those of all elements.
    package func read(from bytes: UnsafeRawBufferPointer) {
        precondition(isPacked && bytes.count == byteCount, "\(bytes.count) bytes do not fill \(byteCount)")
        guard count > 0 else { return }
        UnsafeMutableRawBufferPointer(start: base, count: byteCount).copyMemory(from: bytes)
    }
}
