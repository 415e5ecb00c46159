/// A value on the pickle machine's stack: a plain number, or a reference into the `Pickle` being built.
///
/// Sixteen bytes and no allocation, so that what a pickle can make of a byte stays bounded, and no value owns another:
/// cycles leak nothing, and no depth of nesting overflows the stack.
package enum PickleValue: Equatable, Sendable {
    case none
    case bool(Bool)
    /// An integer of at most 64 bits.
    case integer(Int)
    /// An integer of more than 64 bits: its little-endian bytes in the pickle.
    case long(PickleSpan)
    /// A string: its UTF-8 in the pickle, not checked yet.
    case text(PickleSpan)
    case global(PickleGlobal)
    /// A range of `Pickle.tupleElements`.
    case tuple(PickleSpan)
    /// A list, by its number.
    case list(UInt32)
    /// A dict or OrderedDict, by its number.
    case dictionary(UInt32)
    /// An index into `Pickle.storages`.
    case storage(UInt32)
    /// An index into `Pickle.tensors`.
    case tensor(UInt32)
    /// Bytes, a real number, a set: nothing that tensors are made of.
    case other
}

/// A range with the bounds a pickle can have.
package struct PickleSpan: Equatable, Sendable {
    /// In bytes of the pickle, or in elements of the list it is a range of.
    package let start: UInt32
    /// From `start` on; 0 for none.
    package let count: UInt32

    /// - Precondition: both bounds are below 2^32, which `PickleLimits.bytes` ensures.
    init(_ range: Range<Int>) { (start, count) = (UInt32(range.lowerBound), UInt32(range.count)) }

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}
