/// What a pickle described: its root, and in flat lists everything the root may refer to.
///
/// Lists and dictionaries are numbers; what was put in them is logged in order.
package struct Pickle: Sendable {
    /// A storage, as its persistent id described it.
    struct Storage: Equatable, Sendable {
        var key: String
        var type: SafetensorsType
        var elementCount: Int
    }

    /// The arguments of `_rebuild_tensor_v2`; sizes and strides are not checked yet.
    struct Tensor: Sendable {
        var storage: UInt32
        var offset: Int
        var shape: PickleSpan
        var strides: PickleSpan
    }

    struct Item: Sendable {
        var dictionary: UInt32
        var key: PickleValue
        var value: PickleValue
    }

    struct Element: Sendable {
        var list: UInt32
        var value: PickleValue
    }

    let source: ByteSource
    let limits: PickleLimits
    package internal(set) var root = PickleValue.none
    /// Where the bytes after the pickle begin.
    var end = 0
    private(set) var tupleElements: [PickleValue] = []
    private(set) var listElements: [Element] = []
    private(set) var items: [Item] = []
    private(set) var storages: [Storage] = []
    private(set) var tensors: [Tensor] = []
    private var storageIndices: [String: UInt32] = [:]
    private var objects: UInt32 = 0

    init(_ source: ByteSource, limits: PickleLimits) { (self.source, self.limits) = (source, limits) }

    private var elementCount: Int { tupleElements.count + listElements.count + 2 * items.count }

    /// A number for a new list or dictionary.
    mutating func newObject() -> UInt32 {
        // Each takes a byte of the pickle, of which there are fewer than 2^32.
        defer { objects += 1 }
        return objects
    }

    mutating func addTuple(_ values: ArraySlice<PickleValue>) throws(PickleProblem) -> PickleValue {
        try limits.check(.elements, elementCount + values.count)
        let start = tupleElements.count
        tupleElements += values
        return .tuple(PickleSpan(start..<tupleElements.count))
    }

    mutating func append(_ values: ArraySlice<PickleValue>, to list: UInt32) throws(PickleProblem) {
        try limits.check(.elements, elementCount + values.count)
        for value in values { listElements.append(Element(list: list, value: value)) }
    }

    /// Puts keys and values, which take turns in `pairs`, into a dictionary.
    ///
    /// - Precondition: there is an even number of `pairs`.
    mutating func insert(_ pairs: ArraySlice<PickleValue>, into dictionary: UInt32) throws(PickleProblem) {
        try limits.check(.elements, elementCount + pairs.count)
        for index in stride(from: pairs.startIndex, to: pairs.endIndex, by: 2) {
            items.append(Item(dictionary: dictionary, key: pairs[index], value: pairs[index + 1]))
        }
    }

    mutating func addStorage(_ storage: Storage) throws(PickleProblem) -> PickleValue {
        if let index = storageIndices[storage.key] {
            guard storages[Int(index)] == storage else { throw .contradictoryStorage(key: storage.key) }
            return .storage(index)
        }
        try limits.check(.tensors, storages.count + 1)
        let index = UInt32(storages.count)
        storageIndices[storage.key] = index
        storages.append(storage)
        return .storage(index)
    }

    mutating func addTensor(_ tensor: Tensor) throws(PickleProblem) -> PickleValue {
        try limits.check(.tensors, tensors.count + 1)
        try limits.check(.dimensions, max(tensor.shape.range.count, tensor.strides.range.count))
        tensors.append(tensor)
        return .tensor(UInt32(tensors.count - 1))
    }

    /// The values of the tuple at `span`.
    func elements(_ span: PickleSpan) -> ArraySlice<PickleValue> { tupleElements[span.range] }

    /// The string at `span`, decoded.
    func text(_ span: PickleSpan) throws(PickleProblem) -> String {
        try limits.check(.nameBytes, span.range.count)
        guard let text = String(validating: source.bytes(in: span.range), as: UTF8.self) else {
            throw .notText(at: Int(span.start))
        }
        return text
    }
}
