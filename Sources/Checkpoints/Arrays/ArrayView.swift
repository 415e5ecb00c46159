/// A tensor within an array: some dimensions held at one index, the others laid out as rows and columns.
struct ArrayView: Equatable, Sendable {
    /// Dimensions of which the tensor has one index only: an expert, a layer.
    var fixed: [Int: Int] = [:]
    /// Dimensions that together are the rows, outermost first.
    var rows: [Int]
    /// Dimensions that together are the columns; none for a vector.
    var columns: [Int] = []

    /// The shape of the tensor.
    func shape(in sizes: [Int]) -> [Int] {
        let count = { (axes: [Int]) in axes.reduce(1) { $0 * sizes[$1] } }
        return columns.isEmpty ? [count(rows)] : [count(rows), count(columns)]
    }

    /// Whether other tensors may lie in the same chunks.
    func sharesChunks(of shape: ArrayShape) -> Bool {
        fixed.keys.contains { min(shape.chunk[$0], shape.sizes[$0]) > 1 }
    }

    /// Every chunk that holds something of the tensor, by its index along each dimension.
    func chunks(of shape: ArrayShape) -> [[Int]] {
        var result: [[Int]] = [[]]
        for axis in shape.sizes.indices {
            let indices = fixed[axis].map { $0 / shape.chunk[axis]..<$0 / shape.chunk[axis] + 1 }
            result = result.flatMap { start in (indices ?? 0..<shape.chunks(along: axis)).map { start + [$0] } }
        }
        return result
    }

    /// The blocks that a chunk has of the tensor.
    func parts(
        of chunk: [Int],
        in array: ChunkedArray,
        _ content: (_ offset: Int) -> TensorPart.Content
    ) -> [TensorPart] {
        let (shape, strides) = (array.shape, array.strides)
        let start = fixed.reduce(0) { $0 + ($1.value - chunk[$1.key] * shape.chunk[$1.key]) * strides[$1.key] }
        let rowRuns = runs(along: rows, chunk, shape, strides)
        let columnRuns = runs(along: columns, chunk, shape, strides)
        return rowRuns.flatMap { row in
            columnRuns.map { column in
                TensorPart(
                    rows: row.range,
                    columns: column.range,
                    content: content(start + row.offset + column.offset),
                    rowStride: row.stride,
                    columnStride: column.stride
                )
            }
        }
    }

    private struct Run {
        let range: Range<Int>
        let offset: Int
        let stride: Int
    }

    /// What a chunk has of several dimensions that count as one, in runs along the innermost.
    private func runs(along axes: [Int], _ chunk: [Int], _ shape: ArrayShape, _ strides: [Int]) -> [Run] {
        guard let last = axes.last else { return [Run(range: 0..<1, offset: 0, stride: 1)] }
        var starts = [(index: 0, offset: 0)]
        for axis in axes.dropLast() {
            let range = shape.range(ofChunk: chunk[axis], along: axis)
            starts = starts.flatMap { start in
                range.map { index in
                    let inside = (index - range.lowerBound) * strides[axis]
                    return (start.index * shape.sizes[axis] + index, start.offset + inside)
                }
            }
        }
        let range = shape.range(ofChunk: chunk[last], along: last)
        return starts.map { start in
            let first = start.index * shape.sizes[last] + range.lowerBound
            return Run(range: first..<first + range.count, offset: start.offset, stride: strides[last])
        }
    }
}
