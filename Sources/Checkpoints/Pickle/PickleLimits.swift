/// What a pickle may hold at most; real weight files stay a hundred times below.
package struct PickleLimits: Sendable {
    /// What is counted, as a message puts it.
    package enum Kind: String, Sendable {
        case bytes = "bytes"
        case stackDepth = "values on the stack"
        case memoEntries = "memo entries"
        case elements = "elements"
        case tensors = "tensors"
        case dimensions = "dimensions in a tensor"
        case nameBytes = "bytes in a name"
    }

    /// Below 2^32, so that a position fits `PickleSpan`.
    package var bytes = 1 << 26
    /// Values waiting on the stack, and marks between them.
    package var stackDepth = 1 << 20
    /// Values the pickle stores to be recalled by number.
    package var memoEntries = 1 << 22
    /// Values in tuples, lists and dictionaries together.
    package var elements = 1 << 23
    /// Tensors, and storages.
    package var tensors = 1 << 18
    /// Of one tensor's shape, and of its strides.
    package var dimensions = 8
    /// Of one tensor name, storage key or Python name.
    package var nameBytes = 1024
    /// Elements a tensor may have beyond those in its storage, by strides of 0 or that run over the same ones again.
    package var repeatedElements = 1 << 28

    package init() {}

    /// The limit of one kind.
    package subscript(kind: Kind) -> Int {
        switch kind {
        case .bytes: bytes
        case .stackDepth: stackDepth
        case .memoEntries: memoEntries
        case .elements: elements
        case .tensors: tensors
        case .dimensions: dimensions
        case .nameBytes: nameBytes
        }
    }

    /// Refuses more than there may be of `kind`.
    func check(_ kind: Kind, _ count: Int) throws(PickleProblem) {
        guard count <= self[kind] else { throw .pastLimit(kind, self[kind]) }
    }
}
