import Checkpoints
import Foundation
import JSON
import SwitchModel
import Tokenization

/// The small files of a converted model: configuration, tokenizer, index, card.
struct ConvertedFiles {
    let configuration: SwitchConfiguration
    private let source: CheckpointDirectory
    /// Of `config.json`; nil where the source has the file itself.
    private var members: JSONObject?

    /// What a directory in the Hugging Face layout may have beside weights.
    private static let copied =
        ["config.json", "generation_config.json", "translation.json", "rerank.json"] + TokenizerDirectory.fileNames

    init(_ source: CheckpointDirectory, _ assumptions: ConfigurationAssumptions) throws {
        self.source = source
        configuration = try SwitchConfiguration(directory: source.path, source, assuming: assumptions)
        guard let original = source.original, !Self.exists("config.json", in: source.path) else { return }
        members = try OriginalConfiguration(original, assumptions).members
    }

    private static func exists(_ name: String, in directory: String) -> Bool {
        FileManager.default.fileExists(atPath: directory + "/" + name)
    }

    /// Writes them all into `directory`, over those of an interrupted run.
    func write(into directory: String, _ plan: ShardPlan, type: SafetensorsWriter.StoredType) throws {
        for name in Self.copied where Self.exists(name, in: source.path) {
            let target = directory + "/" + name
            if Self.exists(name, in: directory) { try FileManager.default.removeItem(atPath: target) }
            try FileManager.default.copyItem(atPath: source.path + "/" + name, toPath: target)
        }
        if var members {
            members["dtype"] = .string(type == .bfloat16 ? "bfloat16" : "float32")
            try write(members, to: directory + "/config.json")
            let tokens = members.without(members.names.filter { !$0.hasSuffix("_token_id") })
            if configuration.architecture.hasDecoder, !Self.exists("generation_config.json", in: source.path) {
                try write(tokens, to: directory + "/generation_config.json")
            }
        }
        if let index = plan.index {
            let metadata = JSONValue.object(["total_size": .integer(plan.byteCount)])
            var map = JSONObject()
            for (name, file) in index { map[name] = .string(file) }
            let path = directory + "/model.safetensors.index.json"
            try write(["metadata": metadata, "weight_map": .object(map)], to: path)
        }
        try Data(card.utf8).write(to: URL(filePath: directory + "/README.md"), options: .atomic)
    }

    private func write(_ members: JSONObject, to path: String) throws {
        try Data(JSONText.bytes(JSONValue.object(members))).write(to: URL(filePath: path), options: .atomic)
    }

    /// What the directory is, for whoever finds it.
    var card: String {
        let layout = source.original?.layout.rawValue ?? "Hugging Face"
        var lines = ["# \(URL(filePath: source.path).lastPathComponent)", ""]
        lines.append(
            "Converted by `switchyard convert` from a checkpoint in the layout of \(layout); every tensor was read back and compared."
        )
        if configuration.feedForward.isGated, configuration.expertParameterCount > 0 {
            lines += [
                "",
                "Its experts are gated, which transformers' Switch Transformers are not: it cannot run this model. Switchyard does.",
            ]
        }
        if !configuration.assumptions.isEmpty {
            lines += ["", "What the checkpoint does not say itself:", ""] + configuration.assumptions.map { "- \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
