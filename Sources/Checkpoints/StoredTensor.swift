/// A tensor where it lies in its file, converted to Float only when asked.
///
/// Row-major. Copies are cheap and share the file's mapping, which lives as long as any of them.
package struct StoredTensor: Sendable {
    private enum Storage: Sendable {
        case file(MappedFile, bytes: Range<Int>)
        case memory([Float])
    }

    package let name: String
    /// The file that holds it, for error messages.
    package let file: String
    package let elementType: ElementType
    package let shape: [Int]
    package let elementCount: Int
    private let storage: Storage

    /// - Precondition: `bytes` lies within `mapped` and is exactly as long as shape and type require.
    init(name: String, mapped: MappedFile, bytes: Range<Int>, elementType: ElementType, shape: [Int]) {
        self.name = name
        self.file = mapped.path
        self.elementType = elementType
        self.shape = shape
        elementCount = shape.reduce(1, *)
        precondition(bytes.count == elementCount * elementType.byteCount, "\(name): \(bytes.count) bytes, \(shape)")
        storage = .file(mapped, bytes: bytes)
    }

    /// A tensor that was never in a file.
    ///
    /// - Precondition: `elements` fill `shape`.
    package init(name: String, shape: [Int], elements: [Float]) {
        precondition(elements.count == shape.reduce(1, *), "\(name): \(elements.count) elements do not fill \(shape)")
        self.name = name
        file = "memory"
        elementType = .float32
        self.shape = shape
        elementCount = elements.count
        storage = .memory(elements)
    }

    /// The size of the first dimension; 1 for a scalar.
    package var rows: Int { shape.first ?? 1 }

    /// How many elements a row holds: the product of all dimensions but the first.
    package var rowWidth: Int { rows == 0 ? 0 : elementCount / rows }

    /// Calls `body` with the stored bytes, little-endian, of any alignment, valid only until it returns.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .file(let mapped, let range):
            return try mapped.withBytes(in: range, body)
        case .memory(let elements):
            return try elements.withUnsafeBufferPointer { buffer throws(Failure) in
                try body(UnsafeRawBufferPointer(buffer))
            }
        }
    }

    /// All elements as Float, row by row.
    package func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
            if let base = buffer.baseAddress { convert(rows: 0..<rows, into: base) }
            count = elementCount
        }
    }

    /// Writes rows `rows` as Float to `destination`, which must have room for `rows.count * rowWidth` elements.
    ///
    /// Several threads may convert at once, each into memory of its own.
    ///
    /// - Precondition: `rows` lies within the first dimension.
    package func convert(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows, "rows \(rows) of \(name), shape \(shape)")
        let width = rowWidth
        let type = elementType
        withBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let source = base + rows.lowerBound * width * type.byteCount
            FloatConversion.convert(type, from: source, into: destination, count: rows.count * width)
        }
    }

    /// The row-major index of the first element that is NaN or infinite, nil when all are finite.
    package func firstNonFinite() -> Int? {
        guard elementCount > 0 else { return nil }
        let chunk = max(1, 16384 / rowWidth)
        var buffer = [Float](repeating: 0, count: min(chunk, rows) * rowWidth)
        for start in stride(from: 0, to: rows, by: chunk) {
            let range = start..<min(start + chunk, rows)
            buffer.withUnsafeMutableBufferPointer { buffer in
                if let base = buffer.baseAddress { convert(rows: range, into: base) }
            }
            let values = buffer.prefix(range.count * rowWidth)
            let largestMagnitude = values.reduce(UInt32(0)) { max($0, $1.bitPattern & 0x7FFF_FFFF) }
            guard largestMagnitude >= Float.infinity.bitPattern else { continue }
            return values.firstIndex { !$0.isFinite }.map { start * rowWidth + $0 }
        }
        return nil
    }
}
