import Checkpoints
import JSON
package import Tensors

/// What stands behind an encoder in a directory of sentence-transformers.
///
/// Pooling by the mean of the tokens, one linear layer without bias and activation, and scaling to length 1 are known.
package struct SentenceModules {
    /// `[sentence, model]`; nil where there is none.
    package let projection: PackedMatrix?
    /// Whether embeddings have length 1.
    package let normalizes: Bool
    /// Tokens that are read of a text at most, where it is to be cut; nil where the directory does not say.
    package let longestText: Int?

    private static let maximumBytes = 1 << 20

    /// nil for a directory without `modules.json`.
    ///
    /// - Parameters:
    ///   - width: of the encoder's states.
    /// - Throws: for modules that do something else, and for weights that do not fit; each names a file and a member.
    package init?(directory: String, width: Int, on workers: Workers) throws(ConfigurationError) {
        guard let layout = try SentenceLayout(directory: directory) else { return nil }
        try Self.checkPrompts(directory)
        if let pooling = layout.directory(of: .pooling) { try Self.checkPooling(pooling, width: width) }
        longestText = try layout.directory(of: .transformer).flatMap(Self.longestText)
        projection = try layout.directory(of: .dense).map { dense throws(ConfigurationError) in
            try Self.dense(dense, width: width, on: workers)
        }
        normalizes = layout.directory(of: .normalize) != nil
    }

    private static func longestText(_ directory: String) throws(ConfigurationError) -> Int? {
        if let reader = try readerIfPresent(directory + "/sentence_bert_config.json") {
            if try reader.bool("do_lower_case") == true {
                throw .unsupported(file: reader.file, key: "do_lower_case", value: "true", expected: "false")
            }
            if let length = try reader.integer("max_seq_length", in: 1...Int(Int32.max)) { return length }
        }
        // Where sentence-transformers leaves it from version 6 on; 1e30 stands for none.
        let tokenizer = try readerIfPresent(directory + "/tokenizer_config.json")
        let length = try tokenizer?.number("model_max_length", in: 1...Double.greatestFiniteMagnitude)
        return length.flatMap { $0 <= Double(Int32.max) ? Int($0) : nil }
    }

    /// Refuses what sentence-transformers would put before every text.
    private static func checkPrompts(_ directory: String) throws(ConfigurationError) {
        guard let reader = try readerIfPresent(directory + "/config_sentence_transformers.json"),
            let name = try reader.string("default_prompt_name")
        else { return }
        let value = "'\(name.prefix(80))'"
        throw .unsupported(file: reader.file, key: "default_prompt_name", value: value, expected: "null")
    }

    private static func checkPooling(_ directory: String, width: Int) throws(ConfigurationError) {
        let reader = try reader(directory + "/config.json")
        let prefix = "pooling_mode_"
        var flags: [String] = []
        for key in reader.keys where key.hasPrefix(prefix) {
            if try reader.bool(key) == true { flags.append(key) }
        }
        if let other = flags.first(where: { $0 != prefix + "mean_tokens" }) {
            throw .unsupported(file: reader.file, key: other, value: "true", expected: "\(prefix)mean_tokens alone")
        }
        let named = try reader.strings("pooling_mode") ?? []
        if let other = named.first(where: { $0 != "mean" }) {
            let value = "'\(other.prefix(80))'"
            throw .unsupported(file: reader.file, key: "pooling_mode", value: value, expected: "'mean'")
        }
        guard !(flags + named).isEmpty else {
            let reason = "neither 'pooling_mode' nor '\(prefix)mean_tokens' says how"
            throw .malformedJSON(file: reader.file, reason: reason)
        }
        for key in ["word_embedding_dimension", "embedding_dimension"] {
            _ = try reader.integer(key, in: width...width)
        }
    }

    private static func dense(
        _ directory: String,
        width: Int,
        on workers: Workers
    ) throws(ConfigurationError) -> PackedMatrix {
        let reader = try reader(directory + "/config.json")
        _ = try reader.integer("in_features", in: width...width)
        guard let outputs = try reader.integer("out_features", in: 1...1 << 16) else {
            throw .malformedJSON(file: reader.file, reason: "it has no 'out_features'")
        }
        // Absent members are what the class of sentence-transformers has by default.
        let activation = try reader.string("activation_function") ?? "torch.nn.modules.activation.Tanh"
        guard activation.split(separator: ".").last == "Identity" else {
            let value = "'\(activation.prefix(80))'"
            throw .unsupported(file: reader.file, key: "activation_function", value: value, expected: "Identity")
        }
        if try reader.bool("bias") ?? true {
            throw .unsupported(file: reader.file, key: "bias", value: "true", expected: "false")
        }
        do throws(CheckpointError) {
            let weights = try CheckpointDirectory(directory)
            let tensor = try WeightScope(root: weights).tensor("linear.weight", [outputs, width])
            try tensor.requireFinite()
            let source = PackedMatrix.Source(outputs: outputs) { tensor.convert(rows: $0, into: $1) }
            return PackedMatrix([source], inputs: width, precision: .float32, on: workers)
        } catch {
            throw .unreadable(error)
        }
    }

    private static func reader(_ file: String) throws(ConfigurationError) -> ConfigurationReader {
        if let reader = try readerIfPresent(file) { return reader }
        throw .unreadable(.unreadable(file: file, reason: "there is no such file"))
    }

    private static func readerIfPresent(_ file: String) throws(ConfigurationError) -> ConfigurationReader? {
        let bytes: [UInt8]?
        do throws(CheckpointError) {
            bytes = try BoundedFile.readIfPresent(file, limit: maximumBytes)
        } catch {
            throw .unreadable(error)
        }
        let name = file.split(separator: "/").suffix(2).joined(separator: "/")
        return try bytes.map { bytes throws(ConfigurationError) in try ConfigurationReader(bytes, file: name) }
    }
}
