/// A value of MessagePack, as far as Flax writes them; long bytes stay where they are.
enum MessagePackValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A whole number above 2^63.
    case large(UInt64)
    case real(Double)
    case string(String)
    case binary(ByteSource)
    case array([MessagePackValue])
    case map([String: MessagePackValue])
    /// A type of the writer's own, by its number.
    case extended(Int8, ByteSource)
}

/// What a file of MessagePack is believed to hold.
enum MessagePackLimits {
    /// Maps and arrays inside one another; each takes stack while it is read.
    static let depth = 64
    /// All values together: the largest released model has some ten thousand.
    static let values = 1 << 20
    /// Of one name or text.
    static let textBytes = 1 << 16
}

/// What is wrong with bytes that should be MessagePack.
package enum MessagePackProblem: Error, Equatable, Sendable {
    case endsEarly(at: Int)
    /// A byte that begins no value.
    case unknownByte(UInt8, at: Int)
    case notText(at: Int)
    case nameIsNotText(at: Int)
    case repeatedName(String)
    case tooDeep(limit: Int)
    case tooMany(limit: Int)
    case tooLong(limit: Int)
    case trailing(at: Int)
}

extension MessagePackProblem: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the file.
    package var description: String {
        switch self {
        case .endsEarly(let offset): "ends within a value that begins before byte \(offset)"
        case .unknownByte(let byte, let offset):
            "has the byte \(byte) at \(offset), which begins no value of MessagePack"
        case .notText(let offset): "has text at byte \(offset) that is not UTF-8"
        case .nameIsNotText(let offset): "has a map at byte \(offset) with a name that is no text"
        case .repeatedName(let name): "has a map with \(quoted(name)) twice"
        case .tooDeep(let limit): "has more than \(limit) maps and arrays inside one another"
        case .tooMany(let limit): "has more than \(limit) values"
        case .tooLong(let limit): "has a text of more than \(limit) bytes"
        case .trailing(let offset): "goes on after its value, which ends at byte \(offset)"
        }
    }
}
