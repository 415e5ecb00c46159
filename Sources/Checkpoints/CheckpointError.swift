/// Why a checkpoint could not be used.
///
/// Every case names the file or tensor to look at.
package enum CheckpointError: Error, Equatable, Sendable {
    case notADirectory(path: String)
    case noWeights(directory: String)
    case unreadable(file: String, reason: String)
    case unwritable(file: String, reason: String)
    /// The directory was packed to another precision than the one asked for, or by another version.
    case packedOtherwise(directory: String, packing: String, wanted: String)
    case tooLarge(file: String, limit: Int, found: Int)
    /// Git has left a pointer where the file should be.
    case largeFilePointer(file: String)
    /// The file ends before what its header describes.
    case truncated(file: String, expectedBytes: Int, foundBytes: Int)
    case trailingBytes(file: String, expectedBytes: Int, foundBytes: Int)
    case headerTooLong(file: String, length: UInt64, limit: Int)
    case malformedJSON(file: String, reason: String)
    case malformedEntry(file: String, tensor: String, problem: EntryProblem)
    case malformedArchive(file: String, problem: ArchiveProblem)
    case malformedPickle(file: String, problem: PickleProblem)
    case malformedStorage(file: String, storage: String, problem: StorageProblem)
    /// A PyTorch file of before 1.6 is not put together as such files are.
    case malformedLegacyFile(file: String, problem: LegacyProblem)
    case malformedIndex(file: String, reason: String)
    case malformedMessagePack(file: String, problem: MessagePackProblem)
    case malformedArray(file: String, problem: ArrayProblem)
    case malformedTable(file: String, problem: TableProblem)
    /// A variable's bytes are not those that were written.
    case checksum(name: String, file: String)
    /// An array of another checkpoint format has no place in the models that are read.
    case unknownParameter(name: String, file: String, reason: String)
    /// What is there was recognised, and is not read.
    case foreign(path: String, ForeignFormat)
    case badShardName(index: String, tensor: String, shard: String)
    case missingShard(index: String, tensor: String, shard: String)
    /// `files` are those looked in, in order; none for weights that are not files.
    case missingTensor(name: String, files: [String] = [])
    /// The checkpoint has more layers, experts or biases than the configuration.
    case notCalledFor(name: String, others: Int)
    case shapeMismatch(name: String, file: String, expected: [Int], found: [Int])
    case unsupportedType(name: String, file: String, type: String)
    /// A weight is NaN or infinite; `index` counts elements in row-major order.
    case notFinite(name: String, file: String, index: Int)
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notADirectory(let path):
            "\(quoted(path)) is not a directory; expected a model directory with config.json and model.safetensors"
        case .noWeights(let directory):
            "\(quoted(directory)) has neither model.safetensors nor pytorch_model.bin, nor the index of either, "
                + "nor a checkpoint of T5X or Mesh TensorFlow"
        case .unreadable(let file, let reason):
            "\(quoted(file)) cannot be read: \(reason)"
        case .unwritable(let file, let reason):
            "\(quoted(file)) cannot be written: \(reason)"
        case .packedOtherwise(let directory, let packing, let wanted):
            "\(quoted(directory)) is packed as \(quoted(packing)), but \(quoted(wanted)) is asked for: pack the model again, "
                + "or leave --weights and --expert-weights out"
        case .tooLarge(let file, let limit, let found):
            "\(quoted(file)) has \(found) bytes; at most \(limit) are expected"
        case .largeFilePointer(let file):
            "\(quoted(file)) is a pointer of Git LFS and not the file itself: 'git lfs pull' fetches it"
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
        case .malformedArchive(let file, let problem): "\(quoted(file)) \(problem)"
        case .malformedPickle(let file, let problem): "\(quoted(file)) \(problem)"
        case .malformedStorage(let file, let storage, let problem):
            "storage \(quoted(storage)) of \(quoted(file)) \(problem)"
        case .malformedLegacyFile(let file, let problem): "\(quoted(file)) \(problem)"
        case .malformedIndex(let file, let reason):
            "\(quoted(file)) is not a shard index: \(reason)"
        case .malformedMessagePack(let file, let problem): "\(quoted(file)) \(problem)"
        case .malformedArray(let file, let problem): "\(quoted(file)) \(problem)"
        case .malformedTable(let file, let problem): "\(quoted(file)) \(problem)"
        case .checksum(let name, let file):
            "the bytes of \(quoted(name)) in \(quoted(file)) have another checksum: they are damaged"
        case .unknownParameter(let name, let file, let reason):
            "parameter \(quoted(name)) in \(quoted(file)) \(reason)"
        case .foreign(let path, let format): "\(quoted(path)) \(format)"
        case .badShardName(let index, let tensor, let shard):
            "\(quoted(index)) places tensor \(quoted(tensor)) in \(quoted(shard)), which is not a plain file name"
        case .missingShard(let index, let tensor, let shard):
            "\(quoted(index)) places tensor \(quoted(tensor)) in \(quoted(shard)), which does not exist"
        case .missingTensor(let name, let files):
            "the checkpoint has no tensor named \(quoted(name))" + Self.lookedIn(files)
        case .notCalledFor(let name, let others):
            "the configuration does not call for tensor \(quoted(name))"
                + (others == 0 ? "" : " and \(others) more") + " of the checkpoint"
        case .shapeMismatch(let name, let file, let expected, let found):
            "tensor \(quoted(name)) in \(quoted(file)) has shape \(found), but the configuration calls for \(expected)"
        case .unsupportedType(let name, let file, let type):
            "tensor \(quoted(name)) in \(quoted(file)) has type \(type); expected F32, F16, BF16 or F64"
        case .notFinite(let name, let file, let index):
            "tensor \(quoted(name)) in \(quoted(file)) is NaN or infinite at element \(index)"
        }
    }

    private static let filesNamed = 16

    private static func lookedIn(_ files: [String]) -> String {
        guard !files.isEmpty else { return "" }
        let others = files.count - filesNamed
        return "; looked in " + files.prefix(filesNamed).map { quoted($0) }.joined(separator: ", ")
            + (others > 0 ? " and \(others) more" : "")
    }
}
