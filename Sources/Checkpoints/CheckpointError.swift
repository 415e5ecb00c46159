/// Why a checkpoint could not be used.
///
/// Every case names the file or tensor to look at.
package enum CheckpointError: Error, Equatable, Sendable {
    case notADirectory(path: String)
    case noWeights(directory: String)
    /// Only pickled PyTorch weights are there.
    case onlyPyTorchWeights(directory: String, file: String)
    case unreadable(file: String, reason: String)
    case tooLarge(file: String, limit: Int, found: Int)
    /// The file ends before what its header describes.
    case truncated(file: String, expectedBytes: Int, foundBytes: Int)
    case trailingBytes(file: String, expectedBytes: Int, foundBytes: Int)
    case headerTooLong(file: String, length: UInt64, limit: Int)
    case malformedJSON(file: String, reason: String)
    case malformedEntry(file: String, tensor: String, problem: EntryProblem)
    case malformedIndex(file: String, reason: String)
    case badShardName(index: String, tensor: String, shard: String)
    case missingShard(index: String, tensor: String, shard: String)
    case notInShard(shard: String, tensor: String)
    case missingTensor(name: String)
    /// The checkpoint has more layers, experts or biases than the configuration.
    case notCalledFor(name: String, others: Int)
    case shapeMismatch(name: String, file: String, expected: [Int], found: [Int])
    case unsupportedType(name: String, file: String, type: String)
    /// A weight is NaN or infinite; `index` counts elements in row-major order.
    case notFinite(name: String, file: String, index: Int)
}

/// What is wrong with one tensor's entry in a safetensors header.
package enum EntryProblem: Equatable, Sendable {
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
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notADirectory(let path):
            "\(quoted(path)) is not a directory; expected a model directory with config.json and model.safetensors"
        case .noWeights(let directory):
            "\(quoted(directory)) has neither model.safetensors nor model.safetensors.index.json"
        case .onlyPyTorchWeights(let directory, let file):
            "\(quoted(directory)) has only PyTorch weights (\(quoted(file))); convert them to model.safetensors"
        case .unreadable(let file, let reason):
            "\(quoted(file)) cannot be read: \(reason)"
        case .tooLarge(let file, let limit, let found):
            "\(quoted(file)) has \(found) bytes; at most \(limit) are expected"
        case .truncated(let file, let expected, let found):
            "\(quoted(file)) ends after \(found) bytes, but its header describes \(expected)"
        case .trailingBytes(let file, let expected, let found):
            "\(quoted(file)) has \(found) bytes, but its header describes only \(expected)"
        case .headerTooLong(let file, let length, let limit):
            "\(quoted(file)) claims a header of \(length) bytes; at most \(limit) are expected"
        case .malformedJSON(let file, let reason):
            "\(quoted(file)) is not the JSON expected: \(reason)"
        case .malformedEntry(let file, let tensor, let problem):
            "tensor \(quoted(tensor)) in \(quoted(file)) \(problem)"
        case .malformedIndex(let file, let reason):
            "\(quoted(file)) is not a shard index: \(reason)"
        case .badShardName(let index, let tensor, let shard):
            "\(quoted(index)) places tensor \(quoted(tensor)) in \(quoted(shard)), which is not a plain file name"
        case .missingShard(let index, let tensor, let shard):
            "\(quoted(index)) places tensor \(quoted(tensor)) in \(quoted(shard)), which does not exist"
        case .notInShard(let shard, let tensor):
            "\(quoted(shard)) does not hold tensor \(quoted(tensor)), although the shard index says so"
        case .missingTensor(let name):
            "the checkpoint has no tensor named \(quoted(name))"
        case .notCalledFor(let name, let others):
            "the configuration does not call for tensor \(quoted(name))"
                + (others == 0 ? "" : " and \(others) more") + " of the checkpoint"
        case .shapeMismatch(let name, let file, let expected, let found):
            "tensor \(quoted(name)) in \(quoted(file)) has shape \(found), but the configuration calls for \(expected)"
        case .unsupportedType(let name, let file, let type):
            "tensor \(quoted(name)) in \(quoted(file)) has type \(type); expected F32, F16 or BF16"
        case .notFinite(let name, let file, let index):
            "tensor \(quoted(name)) in \(quoted(file)) is NaN or infinite at element \(index)"
        }
    }
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
        }
    }
}
