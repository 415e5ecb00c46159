/// Why a pickle was not read to its end.
package enum PickleProblem: Error, Equatable, Sendable {
    case endsEarly(at: Int)
    /// It names something of Python that is not on the list.
    case foreignGlobal(String)
    case refusedInstruction(PickleOpcode, at: Int)
    /// A byte, at its offset in the pickle, that no pickler writes as an instruction.
    case unknownInstruction(UInt8, at: Int)
    /// The version the pickle says it has; 2 to 5 are read.
    case unsupportedProtocol(UInt8)
    /// An instruction found other values on the stack, in the memo or behind it than it works on.
    case badOperand(PickleOpcode, at: Int)
    /// A memo entry is read that was never written, or written where no pickler would.
    case badMemo(Int, at: Int)
    /// There is more of a kind than the limit beside it.
    case pastLimit(PickleLimits.Kind, Int)
    /// One storage is said to be two things.
    case contradictoryStorage(key: String)
    case notText(at: Int)
    case noTensors
    case duplicateName(String)
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
        case .badMemo(let index, let offset): "has a pickle that misuses memo entry \(index) before byte \(offset)"
        case .pastLimit(let kind, let limit): "has a pickle of more than \(limit) \(kind.rawValue)"
        case .contradictoryStorage(let key): "describes storage \(quoted(key)) in two ways"
        case .notText(let offset): "has a name at byte \(offset) of its pickle that is not UTF-8"
        case .noTensors: "holds no tensors by name; expected a state_dict"
        case .duplicateName(let name): "gives the name \(quoted(name)) to two values"
        }
    }
}
