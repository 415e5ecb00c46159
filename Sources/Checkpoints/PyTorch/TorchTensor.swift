/// One tensor of a PyTorch file: its type, its shape, and where in which storage its elements are.
///
/// Every number was checked against the storage; tensors that are equal are one tensor with several names.
struct TorchTensor: Hashable, Sendable {
    let storage: String
    let type: SafetensorsType
    let shape: [Int]
    /// Nil when the elements follow each other.
    let strides: [Int]?
    /// In the storage, from the first element to the last.
    let bytes: Range<Int>

    /// - Precondition: the storage's size in bytes was compared with the file's.
    init(_ tensor: Pickle.Tensor, in pickle: Pickle) throws(EntryProblem) {
        let stored = pickle.storages[Int(tensor.storage)]
        guard let shape = Self.sizes(tensor.shape, in: pickle) else { throw .badMember("shape") }
        guard let strides = Self.sizes(tensor.strides, in: pickle), strides.count == shape.count else {
            throw .badMember("stride")
        }
        guard tensor.offset >= 0 else { throw .badMember("offset") }
        let size = stored.type.bitCount / 8
        let count = try Self.product(shape)
        _ = try Self.product([count, size])
        let extent = try Self.extent(shape, strides)
        let (end, overflow) = tensor.offset.addingReportingOverflow(extent)
        guard !overflow, end <= stored.elementCount else {
            throw .outsideStorage(end: overflow ? .max : end, elements: stored.elementCount)
        }
        guard count <= extent || count <= pickle.limits.repeatedElements else {
            throw .repeated(elements: count, limit: pickle.limits.repeatedElements)
        }
        storage = stored.key
        type = stored.type
        self.shape = shape
        // The stride of a dimension of one is never taken, and may be anything.
        self.strides =
            count == 0 || Self.follow(shape, strides) ? nil : zip(shape, strides).map { $0 == 1 ? 0 : $1 }
        bytes = tensor.offset * size..<end * size
    }

    /// The numbers of a tuple of whole numbers from 0 on, nil for anything else.
    private static func sizes(_ span: PickleSpan, in pickle: Pickle) -> [Int]? {
        var sizes: [Int] = []
        for value in pickle.elements(span) {
            guard case .integer(let size) = value, size >= 0 else { return nil }
            sizes.append(size)
        }
        return sizes
    }

    private static func product(_ factors: [Int]) throws(EntryProblem) -> Int {
        var product = 1
        for factor in factors {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow else { throw .impossibleSize }
            product = next
        }
        return product
    }

    /// How many elements of the storage there are from the tensor's first to its last.
    private static func extent(_ shape: [Int], _ strides: [Int]) throws(EntryProblem) -> Int {
        guard !shape.contains(0) else { return 0 }
        var extent = 1
        for (size, stride) in zip(shape, strides) {
            let (next, overflow) = extent.addingReportingOverflow(try product([size - 1, stride]))
            guard !overflow else { throw .impossibleSize }
            extent = next
        }
        return extent
    }

    /// Whether the elements follow each other in row-major order.
    private static func follow(_ shape: [Int], _ strides: [Int]) -> Bool {
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            guard stride == expected else { return false }
            expected *= size
        }
        return true
    }
}
