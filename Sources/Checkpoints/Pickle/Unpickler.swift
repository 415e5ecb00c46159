/// Reads a pickle without running it: values are described, names are looked up in a list, nothing is called.
///
/// Memory stays a small multiple of the pickle's size. What is outside `PickleGlobal` and the plain instructions is
/// refused by name.
package struct Unpickler {
    var position = 0
    var pickle: Pickle
    private(set) var stack: [PickleValue] = []
    /// Where in the stack each open mark stands.
    private(set) var marks: [Int] = []
    private var memo: [PickleValue?] = []
    let source: ByteSource
    private let limits: PickleLimits

    /// Reads the pickle at the start of `source`.
    package static func read(
        _ source: ByteSource,
        limits: PickleLimits = PickleLimits()
    ) throws(PickleProblem) -> Pickle {
        do throws(PickleProblem) {
            var unpickler = Unpickler(source.slice(0..<min(source.count, limits.bytes)), limits)
            return try unpickler.run()
        } catch .endsEarly where source.count > limits.bytes {
            throw .pastLimit(.bytes, limits.bytes)
        }
    }

    private init(_ source: ByteSource, _ limits: PickleLimits) {
        self.source = source
        self.limits = limits
        pickle = Pickle(source, limits: limits)
    }

    private mutating func run() throws(PickleProblem) -> Pickle {
        guard let first: UInt8 = source.number(at: 0) else { throw .endsEarly(at: 0) }
        guard first == PickleOpcode.proto.rawValue else { throw .unknownInstruction(first, at: 0) }
        while true {
            let byte: UInt8 = try number()
            guard let opcode = PickleOpcode(rawValue: byte) else {
                throw .unknownInstruction(byte, at: position - 1)
            }
            if opcode == .stop { break }
            try perform(opcode)
        }
        pickle.root = try pop(.stop)
        pickle.end = position
        return pickle
    }

    // MARK: Bytes

    /// The number that comes next.
    mutating func number<Number: FixedWidthInteger>(as type: Number.Type = Number.self) throws(PickleProblem) -> Number
    {
        guard let number: Number = source.number(at: position) else { throw .endsEarly(at: position) }
        position += MemoryLayout<Number>.size
        return number
    }

    /// Steps over `count` bytes.
    mutating func take(_ count: some FixedWidthInteger) throws(PickleProblem) -> PickleSpan {
        guard let count = Int(exactly: count), count >= 0, count <= source.count - position else {
            throw .endsEarly(at: position)
        }
        position += count
        return PickleSpan(position - count..<position)
    }

    /// Steps over the bytes up to the next end of line and over that.
    mutating func line() throws(PickleProblem) -> PickleSpan {
        let start = position
        while try number(as: UInt8.self) != UInt8(ascii: "\n") {
            try limits.check(.nameBytes, position - start)
        }
        return PickleSpan(start..<position - 1)
    }

    // MARK: Stack

    mutating func push(_ value: PickleValue) throws(PickleProblem) {
        try limits.check(.stackDepth, stack.count + marks.count + 1)
        stack.append(value)
    }

    mutating func pushMark() throws(PickleProblem) {
        try limits.check(.stackDepth, stack.count + marks.count + 1)
        marks.append(stack.count)
    }

    /// Takes the topmost value after the last mark.
    mutating func pop(_ opcode: PickleOpcode) throws(PickleProblem) -> PickleValue {
        guard stack.count > marks.last ?? 0 else { throw .badOperand(opcode, at: position) }
        return stack.removeLast()
    }

    /// The topmost value after the last mark.
    func top(_ opcode: PickleOpcode) throws(PickleProblem) -> PickleValue {
        guard stack.count > marks.last ?? 0, let top = stack.last else { throw .badOperand(opcode, at: position) }
        return top
    }

    /// Where the topmost `count` values stand, or with nil those after the last mark, which goes.
    ///
    /// The values are used in place and then dropped: a slice kept beyond that would copy the whole stack.
    mutating func operands(_ count: Int?, _ opcode: PickleOpcode) throws(PickleProblem) -> Range<Int> {
        let floor = marks.last ?? 0
        if let count {
            guard count <= stack.count - floor else { throw .badOperand(opcode, at: position) }
            return stack.count - count..<stack.count
        }
        guard marks.popLast() != nil else { throw .badOperand(opcode, at: position) }
        return floor..<stack.count
    }

    mutating func drop(_ range: Range<Int>) { stack.removeSubrange(range) }

    /// Drops the topmost value, or the mark that is in its place.
    mutating func drop() throws(PickleProblem) {
        if stack.count > marks.last ?? 0 {
            stack.removeLast()
        } else if marks.popLast() == nil {
            throw .badOperand(.pop, at: position)
        }
    }

    // MARK: Memo

    /// Remembers the topmost value as number `index`, or as the next one.
    mutating func remember(_ opcode: PickleOpcode, as index: UInt32? = nil) throws(PickleProblem) {
        let value = try top(opcode)
        let index = index.map { Int($0) } ?? memo.count
        // Picklers count up from 0 or 1, and an entry takes two bytes.
        guard index < position else { throw .badMemo(index, at: position) }
        try limits.check(.memoEntries, index + 1)
        while memo.count <= index { memo.append(nil) }
        memo[index] = value
    }

    mutating func recall(_ index: UInt32) throws(PickleProblem) {
        guard Int(index) < memo.count, let value = memo[Int(index)] else {
            throw .badMemo(Int(index), at: position)
        }
        try push(value)
    }
}
