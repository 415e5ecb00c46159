extension Unpickler {
    /// Looks a name of Python up in the list of those a weight file may mention.
    mutating func pushGlobal(_ opcode: PickleOpcode) throws(PickleProblem) {
        let (module, name): (PickleSpan, PickleSpan)
        if opcode == .global {
            (module, name) = (try line(), try line())
        } else {
            guard case .text(let second) = try pop(opcode), case .text(let first) = try pop(opcode) else {
                throw .badOperand(opcode, at: position)
            }
            (module, name) = (first, second)
        }
        let (moduleText, nameText) = (try pickle.text(module), try pickle.text(name))
        guard let global = PickleGlobal(module: moduleText, name: nameText) else {
            throw .foreignGlobal("\(moduleText).\(nameText)")
        }
        try push(.global(global))
    }

    /// Describes the storage that a persistent id stands for: `("storage", type, key, location, count)`.
    ///
    /// The format before zip archives adds what other storage it is a view of: always None since PyTorch 0.4.
    mutating func pushStorage() throws(PickleProblem) {
        guard case .tuple(let span) = try pop(.binPersID), (5...6).contains(span.count) else {
            throw .badOperand(.binPersID, at: position)
        }
        let parts = Array(pickle.elements(span))
        guard parts.count == 5 || parts.count == 6 && parts[5] == .none,
            case .text(let kind) = parts[0], try pickle.text(kind) == "storage",
            case .global(.storage(let type)) = parts[1],
            case .text(let key) = parts[2], case .text = parts[3],
            case .integer(let count) = parts[4], count >= 0
        else { throw .badOperand(.binPersID, at: position) }
        try push(try pickle.addStorage(.init(key: try pickle.text(key), type: type, elementCount: count)))
    }

    /// Describes what the call of a listed function would return.
    mutating func reduce(_ opcode: PickleOpcode) throws(PickleProblem) {
        guard case .tuple(let span) = try pop(opcode), case .global(let global) = try pop(opcode) else {
            throw .badOperand(opcode, at: position)
        }
        switch global {
        case .orderedDict where span.count == 0:
            try push(.dictionary(pickle.newObject()))
        case .rebuildTensor where opcode == .reduce && (6...7).contains(span.count):
            try push(try pickle.addTensor(try tensor(Array(pickle.elements(span)))))
        case .rebuildParameter where opcode == .reduce && span.count == 3:
            guard case .tensor(let tensor) = pickle.elements(span).first else {
                throw .badOperand(opcode, at: position)
            }
            try push(.tensor(tensor))
        default:
            throw .badOperand(opcode, at: position)
        }
    }

    /// - Parameter parts: storage, offset, size, stride, whether it takes part in training, hooks, and in files that
    ///   need it a dictionary saying that the values are to be negated or conjugated, which weights never are.
    private func tensor(_ parts: [PickleValue]) throws(PickleProblem) -> Pickle.Tensor {
        guard case .storage(let storage) = parts[0], case .integer(let offset) = parts[1],
            case .tuple(let shape) = parts[2], case .tuple(let strides) = parts[3],
            parts.count == 6 || parts[6] == .none
        else { throw .badOperand(.reduce, at: position) }
        return Pickle.Tensor(storage: storage, offset: offset, shape: shape, strides: strides)
    }

    /// Drops attributes, such as the versions of modules that a `state_dict` carries.
    mutating func build() throws(PickleProblem) {
        _ = try pop(.build)
        guard case .dictionary = try top(.build) else { throw .badOperand(.build, at: position) }
    }
}
