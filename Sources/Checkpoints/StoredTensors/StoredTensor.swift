package import Tensors

/// A tensor where it lies in its file, converted to Float only when asked.
///
/// Row-major. Copies are cheap and share the file's mapping or unpacked bytes, which live as long as any of them.
package struct StoredTensor: Sendable {
    private enum Storage: Sendable {
        /// One element after the other.
        case contiguous(ByteSource)
        case strided(ByteSource, StoredStrides)
        case memory([Float])
        case assembled(AssembledTensor)
    }

    package let name: String
    /// The file that holds it, for error messages.
    package let file: String
    package let elementType: ElementType
    /// Sizes of the dimensions, outermost first; empty for a scalar.
    package let shape: [Int]
    /// The product of the shape: 1 for a scalar, 0 when a dimension is empty.
    package let elementCount: Int
    private let storage: Storage

    /// - Parameter strides: nil when the elements follow each other.
    /// - Precondition: `bytes` are exactly what shape, strides and type require, from the first element to the last.
    init(
        name: String,
        file: String,
        bytes: ByteSource,
        elementType: ElementType,
        shape: [Int],
        strides: [Int]? = nil
    ) {
        self.name = name
        self.file = file
        self.elementType = elementType
        self.shape = shape
        elementCount = shape.reduce(1, *)
        if let strides, elementCount > 0 {
            let last = zip(shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
            precondition(bytes.count == (last + 1) * elementType.byteCount, "\(name): \(bytes.count) bytes, \(shape)")
            storage = .strided(bytes, StoredStrides(shape: shape, strides: strides))
        } else {
            precondition(bytes.count == elementCount * elementType.byteCount, "\(name): \(bytes.count) bytes, \(shape)")
            storage = .contiguous(bytes)
        }
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

    /// A tensor that is unpacked, or put in order, when it is read.
    ///
    /// - Parameter parts: of `shape` as rows and what a row holds.
    init(name: String, file: String, elementType: ElementType, shape: [Int], parts: AssembledTensor) {
        (self.name, self.file, self.elementType, self.shape) = (name, file, elementType, shape)
        elementCount = shape.reduce(1, *)
        storage = .assembled(parts)
    }

    /// Why its elements could not be unpacked, and read as NaN; nil as long as none was found damaged.
    package var problem: CheckpointError? {
        if case .assembled(let parts) = storage { parts.problem } else { nil }
    }

    /// The size of the first dimension; 1 for a scalar.
    package var rows: Int { shape.first ?? 1 }

    /// How many elements a row holds: the product of all dimensions but the first.
    package var rowWidth: Int { rows == 0 ? 0 : elementCount / rows }

    /// Bytes it takes where it lies.
    package var storedBytes: Int { elementCount * elementType.byteCount }

    /// Tells the system that the tensor will be read soon, or that it has been.
    package func advise(_ advice: MappedFile.Advice) {
        switch storage {
        case .contiguous(let bytes), .strided(let bytes, _): bytes.advise(advice)
        case .memory: break
        case .assembled(let parts):
            switch advice {
            case .expected: parts.expect()
            case .finished: parts.release()
            }
        }
    }

    /// Its bytes where they are in the file; nil when they are not one after the other there.
    package func lend() -> LentMemory? {
        guard case .contiguous(let bytes) = storage else { return nil }
        return bytes.lend()
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
        let (start, count) = (rows.lowerBound * rowWidth, rows.count * rowWidth)
        guard count > 0 else { return }
        let (type, size) = (elementType, elementType.byteCount)
        switch storage {
        case .memory(let elements):
            elements.withUnsafeBufferPointer { elements in
                guard let source = elements.baseAddress else { return }
                destination.update(from: source + start, count: count)
            }
        case .contiguous(let bytes):
            bytes.withBytes(in: start * size..<(start + count) * size) { bytes in
                guard let source = bytes.baseAddress else { return }
                FloatConversion.convert(type, from: source, into: destination, count: count)
            }
        case .strided(let bytes, let strides):
            bytes.withBytes(in: 0..<bytes.count) { bytes in
                guard let source = bytes.baseAddress else { return }
                var target = destination
                strides.forEachRun(rows: rows) { start, count in
                    let stride = strides.runStride
                    FloatConversion.gather(
                        type,
                        from: source + start * size,
                        stride: stride,
                        into: target,
                        count: count
                    )
                    target += count
                }
            }
        case .assembled(let assembled):
            guard let parts = assembled.parts() else { return destination.update(repeating: .nan, count: count) }
            for part in parts { part.convert(rows, into: destination, width: rowWidth) }
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
