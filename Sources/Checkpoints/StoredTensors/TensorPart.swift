/// A block of a tensor's rows and columns, and where its elements lie.
struct TensorPart: Sendable {
    /// What the elements are.
    enum Content: Sendable {
        /// Numbers of that type; the first of the block is `offset` elements after the first of the bytes.
        case stored(ByteSource, ElementType, offset: Int)
        /// One number in place of all.
        case constant(Float)
    }

    let rows: Range<Int>
    let columns: Range<Int>
    let content: Content
    /// Elements to go on for the next row of the block, and for the next column.
    let rowStride: Int
    let columnStride: Int

    /// Writes what the block has of `wanted` rows to `target`, where these begin, `width` elements to a row.
    func convert(_ wanted: Range<Int>, into target: UnsafeMutablePointer<Float>, width: Int) {
        let rows = wanted.clamped(to: self.rows)
        guard !rows.isEmpty, !columns.isEmpty else { return }
        let first = target + (rows.lowerBound - wanted.lowerBound) * width + columns.lowerBound
        switch content {
        case .constant(let value):
            for row in 0..<rows.count { (first + row * width).update(repeating: value, count: columns.count) }
        case .stored(let bytes, let type, let offset):
            let start = (offset + (rows.lowerBound - self.rows.lowerBound) * rowStride) * type.byteCount
            bytes.withBytes(in: start..<bytes.count) { bytes in
                guard let source = bytes.baseAddress else { return }
                gather(type, from: source, into: first, rows: rows.count, width: width)
            }
        }
    }

    private func gather(
        _ type: ElementType,
        from source: UnsafeRawPointer,
        into target: UnsafeMutablePointer<Float>,
        rows: Int,
        width: Int
    ) {
        if columnStride == 1, rowStride == columns.count, width == columns.count {
            FloatConversion.convert(type, from: source, into: target, count: rows * width)
        } else if columnStride == 1 {
            for row in 0..<rows {
                let source = source + row * rowStride * type.byteCount
                FloatConversion.convert(type, from: source, into: target + row * width, count: columns.count)
            }
        } else if rowStride == 1, columns.count > 1 {
            let block = FloatConversion.Block(rows: rows, columns: columns.count, width: width, stride: columnStride)
            FloatConversion.transpose(type, from: source, into: target, block)
        } else {
            for row in 0..<rows {
                let source = source + row * rowStride * type.byteCount
                let target = target + row * width
                FloatConversion.gather(type, from: source, stride: columnStride, into: target, count: columns.count)
            }
        }
    }
}
