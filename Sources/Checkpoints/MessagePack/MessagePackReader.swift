/// Reads MessagePack (msgpack.org's specification of 2013): every length is compared with what is left.
struct MessagePackReader {
    private let bytes: ByteSource
    private var position = 0
    private var values = 0

    private init(_ bytes: ByteSource) { self.bytes = bytes }

    /// The one value that `bytes` are.
    static func read(_ bytes: ByteSource) throws(MessagePackProblem) -> MessagePackValue {
        var reader = MessagePackReader(bytes)
        let value = try reader.value(depth: 0)
        guard reader.position == bytes.count else { throw .trailing(at: reader.position) }
        return value
    }

    private mutating func value(depth: Int) throws(MessagePackProblem) -> MessagePackValue {
        values += 1
        guard values <= MessagePackLimits.values else { throw .tooMany(limit: MessagePackLimits.values) }
        let start = position
        let byte: UInt8 = try number()
        switch byte {
        case 0x00...0x7F: return .integer(Int(byte))
        case 0x80...0x8F: return try map(Int(byte & 15), depth)
        case 0x90...0x9F: return try array(Int(byte & 15), depth)
        case 0xA0...0xBF: return .string(try text(Int(byte & 31)))
        case 0xC0: return .null
        case 0xC2: return .bool(false)
        case 0xC3: return .bool(true)
        case 0xC4...0xC6: return .binary(try run(try length(byte - 0xC4)))
        case 0xC7...0xC9: return try extended(try length(byte - 0xC7))
        case 0xCA: return .real(Double(Float(bitPattern: try number())))
        case 0xCB: return .real(Double(bitPattern: try number()))
        case 0xCC...0xCF: return try unsigned(byte)
        case 0xD0: return .integer(Int(try number() as Int8))
        case 0xD1: return .integer(Int(try number() as Int16))
        case 0xD2: return .integer(Int(try number() as Int32))
        case 0xD3: return .integer(Int(try number() as Int64))
        case 0xD4...0xD8: return try extended(1 << Int(byte - 0xD4))
        case 0xD9...0xDB: return .string(try text(try length(byte - 0xD9)))
        case 0xDC, 0xDD: return try array(try length(byte - 0xDC + 1), depth)
        case 0xDE, 0xDF: return try map(try length(byte - 0xDE + 1), depth)
        case 0xE0...0xFF: return .integer(Int(Int8(bitPattern: byte)))
        default: throw .unknownByte(byte, at: start)
        }
    }

    private mutating func unsigned(_ byte: UInt8) throws(MessagePackProblem) -> MessagePackValue {
        guard byte == 0xCF else { return .integer(try length(byte - 0xCC)) }
        let value: UInt64 = try number()
        return Int(exactly: value).map { .integer($0) } ?? .large(value)
    }

    private mutating func map(_ count: Int, _ depth: Int) throws(MessagePackProblem) -> MessagePackValue {
        guard depth < MessagePackLimits.depth else { throw .tooDeep(limit: MessagePackLimits.depth) }
        var members: [String: MessagePackValue] = [:]
        for _ in 0..<count {
            let start = position
            guard case .string(let name) = try value(depth: depth + 1) else { throw .nameIsNotText(at: start) }
            guard members[name] == nil else { throw .repeatedName(name) }
            members[name] = try value(depth: depth + 1)
        }
        return .map(members)
    }

    private mutating func array(_ count: Int, _ depth: Int) throws(MessagePackProblem) -> MessagePackValue {
        guard depth < MessagePackLimits.depth else { throw .tooDeep(limit: MessagePackLimits.depth) }
        var elements: [MessagePackValue] = []
        for _ in 0..<count { elements.append(try value(depth: depth + 1)) }
        return .array(elements)
    }

    private mutating func extended(_ count: Int) throws(MessagePackProblem) -> MessagePackValue {
        let type: Int8 = try number()
        return .extended(type, try run(count))
    }

    private mutating func text(_ count: Int) throws(MessagePackProblem) -> String {
        guard count <= MessagePackLimits.textBytes else { throw .tooLong(limit: MessagePackLimits.textBytes) }
        let start = position
        let run = try run(count)
        let text = run.withBytes(in: 0..<run.count) { String(validating: $0, as: UTF8.self) }
        guard let text else { throw .notText(at: start) }
        return text
    }

    /// A length of 1, 2 or 4 bytes.
    private mutating func length(_ kind: UInt8) throws(MessagePackProblem) -> Int {
        switch kind {
        case 0: Int(try number() as UInt8)
        case 1: Int(try number() as UInt16)
        default: Int(try number() as UInt32)
        }
    }

    private mutating func run(_ count: Int) throws(MessagePackProblem) -> ByteSource {
        guard count <= bytes.count - position else { throw .endsEarly(at: position) }
        defer { position += count }
        return bytes.slice(position..<position + count)
    }

    /// A number with its most significant byte first.
    private mutating func number<Number: FixedWidthInteger>() throws(MessagePackProblem) -> Number {
        guard let number = bytes.number(at: position, as: Number.self) else { throw .endsEarly(at: position) }
        position += MemoryLayout<Number>.size
        return Number(bigEndian: Number(littleEndian: number))
    }
}
