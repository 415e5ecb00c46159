/// The sizes of an array and of the equal chunks it is cut into, checked so that no product of them overflows.
struct ArrayShape: Equatable, Sendable {
    let sizes: [Int]
    /// As many as `sizes`, each 1 at least.
    let chunk: [Int]
    let elementType: ElementType

    /// - Throws: for sizes that pass `ArrayLimits`.
    init(sizes: [Int], chunk: [Int], _ elementType: ElementType) throws(ArrayProblem) {
        guard sizes.count <= ArrayLimits.dimensions else { throw .tooManyDimensions(limit: ArrayLimits.dimensions) }
        guard chunk.count == sizes.count, chunk.allSatisfy({ $0 > 0 }) else { throw .badMember("chunks") }
        guard sizes.allSatisfy({ $0 >= 0 }) else { throw .badMember("shape") }
        (self.sizes, self.chunk, self.elementType) = (sizes, chunk, elementType)
        try Self.check(sizes, elementType, limit: ArrayLimits.bytes)
        try Self.check(chunk, elementType, limit: ArrayLimits.chunkBytes)
        var chunks = 1
        for (size, chunk) in zip(sizes, chunk) {
            let (product, overflow) = chunks.multipliedReportingOverflow(by: max(1, size / chunk))
            guard !overflow, product <= ArrayLimits.chunks else { throw .tooManyChunks(limit: ArrayLimits.chunks) }
            chunks = product
        }
    }

    private static func check(_ sizes: [Int], _ type: ElementType, limit: Int) throws(ArrayProblem) {
        var bytes = type.byteCount
        for size in sizes {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
            guard !overflow, product <= limit else {
                throw .tooLarge(bytes: overflow ? "more than 2^63" : "\(product)", limit: limit)
            }
            bytes = product
        }
    }

    var elementCount: Int { sizes.reduce(1, *) }

    /// Of one chunk, those beyond the edge of the array, too.
    var chunkElements: Int { chunk.reduce(1, *) }

    var chunkBytes: Int { chunkElements * elementType.byteCount }

    /// Chunks along a dimension.
    func chunks(along axis: Int) -> Int { (sizes[axis] + chunk[axis] - 1) / chunk[axis] }

    /// What of a dimension lies in its chunk `index`.
    func range(ofChunk index: Int, along axis: Int) -> Range<Int> {
        index * chunk[axis]..<min((index + 1) * chunk[axis], sizes[axis])
    }

    /// Elements of a chunk to go on for one step along each dimension.
    ///
    /// - Parameter isColumnMajor: the first index runs fastest, not the last.
    func strides(isColumnMajor: Bool) -> [Int] {
        var strides = [Int](repeating: 1, count: chunk.count)
        var step = 1
        for axis in isColumnMajor ? Array(chunk.indices) : chunk.indices.reversed() {
            strides[axis] = step
            step *= chunk[axis]
        }
        return strides
    }
}
