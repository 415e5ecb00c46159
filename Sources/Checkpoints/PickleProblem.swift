/// Why a pickle was not read to its end.
package enum PickleProblem: Error, Equatable, Sendable {
    case endsEarly(at: Int)
    /// It names something of Python that is not on the list.
    case foreignGlobal(String)
    case refusedInstruction(PickleOpcode, at: Int)
    case unknownInstruction(UInt8, at: Int)
    case unsupportedProtocol(UInt8)
    /// An instruction found other values on the stack, in the memo or behind it than it works on.
    case badOperand(PickleOpcode, at: Int)
    /// A memo entry is read that was never written, or written where no pickler would.
    case badMemo(Int, at: Int)
    case pastLimit(PickleLimit)
    /// One storage is said to be two things.
    case contradictoryStorage(key: String)
    case notText(at: Int)
    case noTensors
    case duplicateName(String)
}

/// What a pickle may hold at most; real weight files stay a hundred times below.
package enum PickleLimit: Equatable, Sendable, CaseIterable {
    case bytes
    /// Values waiting on the stack, and marks between them.
    case stackDepth
    case memoEntries
    /// Values in tuples, lists and dictionaries together.
    case elements
    case tensors
    case dimensions
    /// Bytes of one tensor name, storage key or Python name.
    case nameBytes

    package var value: Int {
        switch self {
        case .bytes: 1 << 26
        case .stackDepth: 1 << 20
        case .memoEntries: 1 << 22
        case .elements: 1 << 23
        case .tensors: 1 << 18
        case .dimensions: 8
        case .nameBytes: 1024
        }
    }
}

extension PickleProblem: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the file.
    package var description: String {
        switch self {
        case .endsEarly(let offset): "has a pickle that ends within the instruction before byte \(offset)"
        case .foreignGlobal(let name): "asks for \(quoted(name)), which a weight file has no use for"
        case .refusedInstruction(let opcode, let offset):
            "has the pickle instruction '\(opcode)' at byte \(offset), which a weight file has no use for"
        case .unknownInstruction(let byte, let offset): "has no pickle instruction at byte \(offset), but \(byte)"
        case .unsupportedProtocol(let version): "is pickled with protocol \(version); expected 2 to 5"
        case .badOperand(let opcode, let offset):
            "gives the pickle instruction '\(opcode)' before byte \(offset) values it cannot take"
        case .badMemo(let index, let offset): "has no use for memo entry \(index) before byte \(offset) of its pickle"
        case .pastLimit(let limit): "has a pickle of more than \(limit.value) \(limit.noun)"
        case .contradictoryStorage(let key): "describes storage \(quoted(key)) in two ways"
        case .notText(let offset): "has a name at byte \(offset) of its pickle that is not UTF-8"
        case .noTensors: "holds no tensors by name; expected a state_dict"
        case .duplicateName(let name): "gives the name \(quoted(name)) to two values"
        }
    }
}

extension PickleLimit {
    fileprivate var noun: String {
        switch self {
        case .bytes: "bytes"
        case .stackDepth: "values on the stack"
        case .memoEntries: "memo entries"
        case .elements: "elements"
        case .tensors: "tensors"
        case .dimensions: "dimensions in a tensor"
        case .nameBytes: "bytes in a name"
        }
    }
}
