/// What is wrong with what a file says of one of its tensors.
package enum EntryProblem: Error, Equatable, Sendable {
    /// A member is absent, of the wrong kind, negative, or too large for 64 bits.
    case badMember(String)
    case unknownMember(String)
    case unknownType(String)
    /// Shape times element size passes 2^63 or does not fill whole bytes.
    case impossibleSize
    case reversedOffsets(begin: Int, end: Int)
    case outsideFile(end: Int, dataBytes: Int)
    case lengthMismatch(shapeBytes: Int, rangeBytes: Int)
    case overlaps(tensor: String)
    /// Bytes before this tensor belong to none.
    case gap(begin: Int, expected: Int)
    /// By its offset, shape and strides the tensor reaches past the elements of its storage.
    case outsideStorage(end: Int, elements: Int)
    /// Strides make many elements of few.
    case repeated(elements: Int, limit: Int)
}

extension EntryProblem: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the tensor.
    package var description: String {
        switch self {
        case .badMember(let member): "has no usable '\(member)'"
        case .unknownMember(let member): "has an unknown member \(quoted(member))"
        case .unknownType(let type): "has the unknown type \(quoted(type))"
        case .impossibleSize: "has a size no file can hold"
        case .reversedOffsets(let begin, let end): "begins at byte \(begin) but ends at \(end)"
        case .outsideFile(let end, let dataBytes): "ends at byte \(end), past the \(dataBytes) bytes of data"
        case .lengthMismatch(let shape, let range): "needs \(shape) bytes by its shape and type, but is given \(range)"
        case .overlaps(let tensor): "overlaps tensor \(quoted(tensor))"
        case .gap(let begin, let expected): "begins at byte \(begin), leaving a hole from byte \(expected)"
        case .outsideStorage(let end, let elements): "ends at element \(end) of a storage of \(elements)"
        case .repeated(let elements, let limit):
            "repeats its storage into \(elements) elements; at most \(limit) are expected"
        }
    }
}
