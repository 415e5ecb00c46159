extension Unpickler {
    /// Carries out one instruction whose operands, if any, come next in the pickle.
    mutating func perform(_ opcode: PickleOpcode) throws(PickleProblem) {
        switch opcode {
        case .proto: try checkProtocol()
        case .frame: _ = try checkFrame()
        case .mark: try pushMark()
        case .pop: try drop()
        case .popMark: drop(try operands(nil, opcode))
        case .dup: try push(try top(opcode))
        case .none, .newTrue, .newFalse, .binInt, .binInt1, .binInt2, .long1, .long4: try pushNumber(opcode)
        case .binString, .shortBinString, .binUnicode, .shortBinUnicode, .binUnicode8: try pushText(opcode)
        case .binFloat, .binBytes, .shortBinBytes, .binBytes8, .byteArray8: try pushOther(opcode)
        case .emptyTuple, .tuple, .tuple1, .tuple2, .tuple3: try pushTuple(opcode)
        case .emptyList, .list, .append, .appends: try changeList(opcode)
        case .emptyDict, .dict, .setItem, .setItems: try changeDictionary(opcode)
        case .emptySet, .frozenSet, .addItems: try changeSet(opcode)
        case .binPut: try remember(opcode, as: UInt32(try number(as: UInt8.self)))
        case .longBinPut: try remember(opcode, as: try number())
        case .memoize: try remember(opcode)
        case .binGet: try recall(UInt32(try number(as: UInt8.self)))
        case .longBinGet: try recall(try number())
        case .global, .stackGlobal: try pushGlobal(opcode)
        case .binPersID: try pushStorage()
        case .reduce, .newObj: try reduce(opcode)
        case .build: try build()
        case .stop: break
        case .float, .int, .long, .persID, .string, .unicode, .get, .inst, .obj, .put, .ext1, .ext2, .ext4, .newObjEx,
            .nextBuffer, .readOnlyBuffer:
            throw .refusedInstruction(opcode, at: position - 1)
        }
    }

    private mutating func checkProtocol() throws(PickleProblem) {
        let version: UInt8 = try number()
        guard (2...5).contains(version) else { throw .unsupportedProtocol(version) }
    }

    /// A frame only says how many bytes to read ahead.
    private mutating func checkFrame() throws(PickleProblem) {
        let count: UInt64 = try number()
        guard count <= UInt64(source.count - position) else { throw .endsEarly(at: position) }
    }

    private mutating func pushNumber(_ opcode: PickleOpcode) throws(PickleProblem) {
        switch opcode {
        case .newTrue: try push(.bool(true))
        case .newFalse: try push(.bool(false))
        case .binInt: try push(.integer(Int(try number(as: Int32.self))))
        case .binInt1: try push(.integer(Int(try number(as: UInt8.self))))
        case .binInt2: try push(.integer(Int(try number(as: UInt16.self))))
        case .long1: try pushLong(try take(try number(as: UInt8.self)))
        case .long4: try pushLong(try take(try number(as: Int32.self)))
        default: try push(.none)
        }
    }

    /// Pushes the number whose little-endian two's complement is at `span`.
    private mutating func pushLong(_ span: PickleSpan) throws(PickleProblem) {
        guard span.count <= 8 else { return try push(.long(span)) }
        let bytes = source.bytes(in: span.range)
        let sign = (bytes.last ?? 0) & 0x80 == 0 ? 0 : -1
        try push(.integer(bytes.reversed().reduce(sign) { $0 << 8 | Int($1) }))
    }

    private mutating func pushText(_ opcode: PickleOpcode) throws(PickleProblem) {
        switch opcode {
        case .binString: try push(.text(try take(try number(as: Int32.self))))
        case .binUnicode: try push(.text(try take(try number(as: UInt32.self))))
        case .binUnicode8: try push(.text(try take(try number(as: UInt64.self))))
        default: try push(.text(try take(try number(as: UInt8.self))))
        }
    }

    private mutating func pushOther(_ opcode: PickleOpcode) throws(PickleProblem) {
        switch opcode {
        case .binFloat: _ = try take(8)
        case .binBytes: _ = try take(try number(as: UInt32.self))
        case .shortBinBytes: _ = try take(try number(as: UInt8.self))
        default: _ = try take(try number(as: UInt64.self))
        }
        try push(.other)
    }

    private mutating func pushTuple(_ opcode: PickleOpcode) throws(PickleProblem) {
        let range =
            switch opcode {
            case .tuple: try operands(nil, opcode)
            case .tuple1: try operands(1, opcode)
            case .tuple2: try operands(2, opcode)
            case .tuple3: try operands(3, opcode)
            default: try operands(0, opcode)
            }
        let tuple = try pickle.addTuple(stack[range])
        drop(range)
        try push(tuple)
    }

    private mutating func changeList(_ opcode: PickleOpcode) throws(PickleProblem) {
        if opcode == .emptyList { return try push(.list(pickle.newObject())) }
        let range = try operands(opcode == .append ? 1 : nil, opcode)
        let list = opcode == .list ? .list(pickle.newObject()) : try value(below: range, opcode)
        guard case .list(let number) = list else { throw .badOperand(opcode, at: position) }
        try pickle.append(stack[range], to: number)
        drop(range)
        if opcode == .list { try push(list) }
    }

    private mutating func changeDictionary(_ opcode: PickleOpcode) throws(PickleProblem) {
        if opcode == .emptyDict { return try push(.dictionary(pickle.newObject())) }
        let range = try operands(opcode == .setItem ? 2 : nil, opcode)
        let dictionary = opcode == .dict ? .dictionary(pickle.newObject()) : try value(below: range, opcode)
        guard case .dictionary(let number) = dictionary, range.count.isMultiple(of: 2) else {
            throw .badOperand(opcode, at: position)
        }
        try pickle.insert(stack[range], into: number)
        drop(range)
        if opcode == .dict { try push(dictionary) }
    }

    private mutating func changeSet(_ opcode: PickleOpcode) throws(PickleProblem) {
        if opcode != .emptySet { drop(try operands(nil, opcode)) }
        if opcode != .addItems { return try push(.other) }
        guard try top(opcode) == .other else { throw .badOperand(opcode, at: position) }
    }

    /// The value that an instruction adds the operands in `range` to.
    private func value(below range: Range<Int>, _ opcode: PickleOpcode) throws(PickleProblem) -> PickleValue {
        guard range.lowerBound > marks.last ?? 0 else { throw .badOperand(opcode, at: position) }
        return stack[range.lowerBound - 1]
    }
}
