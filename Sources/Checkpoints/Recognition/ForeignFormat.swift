private import Foundation

/// What is recognised and not read, each with what its owner can do.
package enum ForeignFormat: Equatable, Sendable {
    case gguf
    case adapter
    case halfWritten
    case orbax
    case ocdbt
    case deepSpeed
    case fairSeq
    case labml
    case kerasObjects

    /// What the file is, by its first bytes and its name; nil where nothing is recognised.
    init?(file path: String) {
        guard let file = try? MappedFile(path: path) else { return nil }
        if file.count >= 4, file.bytes(in: 0..<4) == Array("GGUF".utf8) {
            self = .gguf
        } else if path.hasSuffix("-shared.pt") || path.contains("-rank-") && path.hasSuffix(".pt") {
            self = .fairSeq
        } else {
            return nil
        }
    }

    /// What a directory without weights that are read is; nil where nothing is recognised.
    ///
    /// Looks at no more than `mostNames` of its names.
    init?(directory path: String) {
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
        let names = Self.names(in: path)
        if URL(filePath: path).lastPathComponent.contains(".tmp-") || path.contains(".orbax-checkpoint-tmp") {
            self = .halfWritten
        } else if has("manifest.ocdbt") || has("state/manifest.ocdbt") || has("default/manifest.ocdbt") {
            self = .ocdbt
        } else if has("_METADATA") || has("_CHECKPOINT_METADATA") || has("state/_METADATA") || has("default/_METADATA")
        {
            self = .orbax
        } else if has("adapter_config.json") || has("adapter_model.safetensors") || has("adapter_model.bin") {
            self = .adapter
        } else if names.contains(where: { $0.hasSuffix(".gguf") }) {
            self = .gguf
        } else if Self.isDeepSpeed(names)
            || Self.tag(in: path).map({ Self.isDeepSpeed(Self.names(in: path + "/" + $0)) }) == true
        {
            self = .deepSpeed
        } else if names.contains(where: { $0.hasSuffix("-shared.pt") }) {
            self = .fairSeq
        } else if has("model.pth")
            || names.contains(where: { $0.contains("feed_forward.experts") && $0.hasSuffix(".npy") })
        {
            self = .labml
        } else if names.contains(where: { $0.hasPrefix("checkpoint_") && $0.contains(".tmp-") }) {
            self = .halfWritten
        } else {
            return nil
        }
    }

    private static let mostNames = 4096

    private static func names(in directory: String) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: directory) else { return [] }
        var names: [String] = []
        while names.count < mostNames, let name = walk.nextObject() as? String {
            walk.skipDescendants()
            names.append(name)
        }
        return names
    }

    private static func isDeepSpeed(_ names: [String]) -> Bool {
        names.contains {
            $0.hasPrefix("mp_rank_") && $0.hasSuffix("_model_states.pt")
                || $0.contains("_expert_") && $0.hasSuffix(".pt")
        }
    }

    /// The directory that DeepSpeed's `latest` names.
    private static func tag(in directory: String) -> String? {
        guard let bytes = try? BoundedFile.readIfPresent(directory + "/latest", limit: 4096) else { return nil }
        let tag = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return tag.isEmpty || tag.contains("/") || tag.hasPrefix(".") ? nil : tag
    }
}

extension ForeignFormat: CustomStringConvertible {
    /// The predicate of a sentence whose subject is the file or the directory.
    package var description: String {
        switch self {
        case .gguf:
            "is of GGUF, in which llama.cpp keeps weights that are rounded already: "
                + "point Switchyard at the checkpoint it was made of"
        case .adapter:
            "holds an adapter, which is no model by itself: merge it into its model (peft's merge_and_unload) and save that"
        case .halfWritten:
            "was never finished by the run that was saving it: take the checkpoint of the steps before"
        case .orbax:
            "is a checkpoint of Orbax, which is not read: save it again by T5X's own Checkpointer, "
                + "whose arrays are gzip's"
        case .ocdbt:
            "is a checkpoint of Orbax in an OCDBT store, which is not read: save it again by T5X's own Checkpointer, "
                + "whose arrays are gzip's, in files of their own"
        case .deepSpeed:
            "is a checkpoint of DeepSpeed-MoE: its models are GPTs with LayerNorm, biases and positions of their own, "
                + "which are not computed here"
        case .fairSeq:
            "is a checkpoint of FairSeq-MoE: its models have LayerNorm, biases and sinusoidal positions, "
                + "which are not computed here"
        case .labml:
            "is a checkpoint of labml.ai's Switch Transformer: a decoder alone with LayerNorm, biases and rotary positions, "
                + "which are not computed here"
        case .kerasObjects:
            "is a checkpoint of TensorFlow 2's objects, not of Mesh TensorFlow: save it again under the variables' names"
        }
    }
}
