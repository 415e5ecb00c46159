/// Where the elements of a tensor lie in its storage when they do not simply follow each other.
///
/// The tensor's first element is the storage's first; sizes and strides were checked.
struct StoredStrides: Equatable, Sendable {
    let shape: [Int]
    /// How many elements the storage goes on for one step along each dimension; 0 repeats, none is negative.
    let strides: [Int]

    /// - Precondition: there are as many `strides` as dimensions, at least one.
    init(shape: [Int], strides: [Int]) {
        precondition(shape.count == strides.count && !shape.isEmpty, "\(strides) do not fit \(shape)")
        (self.shape, self.strides) = (shape, strides)
    }

    /// How far apart the elements of a run are, in elements of the storage.
    var runStride: Int { strides[strides.count - 1] }

    /// Calls `body` for every run along the last dimension, in row-major order, with its first element and its length.
    ///
    /// - Precondition: `rows` lies within the first dimension, and no dimension is empty.
    func forEachRun(rows: Range<Int>, _ body: (_ start: Int, _ count: Int) -> Void) {
        if shape.count == 1 { return body(rows.lowerBound * strides[0], rows.count) }
        let inner = 1..<shape.count - 1
        var index = [Int](repeating: 0, count: shape.count)
        for row in rows {
            var start = row * strides[0]
            let runs = shape[inner].reduce(1, *)
            for _ in 0..<runs {
                body(start, shape[shape.count - 1])
                // Step the innermost index that is not at its end; those inside it start over.
                for dimension in inner.reversed() {
                    index[dimension] += 1
                    start += strides[dimension]
                    if index[dimension] < shape[dimension] { break }
                    start -= shape[dimension] * strides[dimension]
                    index[dimension] = 0
                }
            }
        }
    }
}
