package import Checkpoints
import JSON
package import Tensors

/// What sentence-transformers puts behind an encoder: its `modules.json` names a directory for each module, in order.
///
/// Pooling by the mean of the tokens, one linear layer without bias and activation, and scaling to length 1 are known.
package struct SentenceModules {
    /// `[sentence, model]`; nil where there is none.
    package private(set) var projection: PackedMatrix?
    /// Whether embeddings have length 1.
    package private(set) var normalizes = false

    private static let maximumBytes = 1 << 20

    /// nil for a directory without `modules.json`.
    ///
    /// - Parameters:
    ///   - width: of the encoder's states.
    /// - Throws: for modules that are put together otherwise, and for weights that do not fit.
    package init?(directory: String, width: Int, on workers: Workers) throws(CheckpointError) {
        let file = directory + "/modules.json"
        guard let bytes = try BoundedFile.readIfPresent(file, limit: Self.maximumBytes) else { return nil }
        guard case .array(let modules)? = try? JSONParser.parse(bytes) else {
            throw .malformedJSON(file: file, reason: "it is not an array of modules")
        }
        for module in modules {
            guard case .object(let members) = module, case .string(let type)? = members["type"],
                case .string(let path)? = members["path"], !path.contains("/"), !path.hasPrefix(".")
            else { throw .malformedJSON(file: file, reason: "a module has no type, or no plain name as its path") }
            switch type.split(separator: ".").last {
            case "Transformer": break
            case "Pooling": try Self.checkPooling(directory + "/" + path)
            case "Dense" where projection == nil && !normalizes:
                projection = try Self.dense(directory + "/" + path, width: width, on: workers)
            case "Normalize": normalizes = true
            default: throw .malformedJSON(file: file, reason: "the module \(type.prefix(80)) is not supported there")
            }
        }
    }

    private static func members(_ directory: String) throws(CheckpointError) -> (String, [String: JSONValue]) {
        let file = directory + "/config.json"
        let bytes = try BoundedFile.read(file, limit: maximumBytes)
        guard case .object(let members)? = try? JSONParser.parse(bytes) else {
            throw .malformedJSON(file: file, reason: "it is not an object")
        }
        return (file, members)
    }

    private static func checkPooling(_ directory: String) throws(CheckpointError) {
        let (file, members) = try members(directory)
        let modes = members.filter { $0.key.hasPrefix("pooling_mode_") && $0.value == .bool(true) }.map(\.key)
        let isMean =
            modes == ["pooling_mode_mean_tokens"] || modes.isEmpty && members["pooling_mode"] == .string("mean")
        guard isMean else { throw .malformedJSON(file: file, reason: "pooling is not by the mean of the tokens") }
    }

    private static func dense(
        _ directory: String,
        width: Int,
        on workers: Workers
    ) throws(CheckpointError) -> PackedMatrix {
        let (file, members) = try members(directory)
        guard case .string(let activation)? = members["activation_function"], activation.hasSuffix(".Identity"),
            members["bias"] == .bool(false), let outputs = members["out_features"]?.asInteger,
            (1...1 << 16).contains(outputs)
        else {
            throw .malformedJSON(file: file, reason: "only a layer without bias and activation is supported")
        }
        let weights = try CheckpointDirectory(directory)
        let scope = WeightScope(root: weights)
        let tensor = try scope.tensor("linear.weight", [outputs, width])
        try tensor.requireFinite()
        let source = PackedMatrix.Source(outputs: outputs) { tensor.convert(rows: $0, into: $1) }
        return PackedMatrix([source], inputs: width, precision: .float32, on: workers)
    }
}
