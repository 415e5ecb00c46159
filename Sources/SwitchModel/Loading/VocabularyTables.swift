package import Checkpoints

/// Which tensors hold the two embeddings and the head, without `.weight`.
///
/// A tied checkpoint keeps one matrix under any of these names, or under several. Whatever is stored under a name of its
/// own is used, as transformers 5 does when values differ.
package struct VocabularyTables: Equatable, Sendable {
    package let encoder: String
    package let decoder: String
    package let head: String
    private let shape: [Int]

    /// - Parameter weights: of the whole model.
    package init(_ weights: WeightScope, _ configuration: SwitchConfiguration) {
        shape = [configuration.vocabularySize, configuration.modelWidth]
        let shared = ["shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"]
        func first(_ names: [String], else missing: String = "shared") -> String {
            names.first { weights.contains("\($0).weight") || weights.contains("\($0).packed") } ?? missing
        }
        encoder = first(["encoder.embed_tokens"] + shared)
        decoder = first(["decoder.embed_tokens"] + shared)
        head =
            configuration.tieWordEmbeddings
            ? first(["lm_head"] + shared) : first(["lm_head", "decoder.lm_head"], else: "lm_head")
    }

    /// Whether the stacks look tokens up in tables of different values.
    ///
    /// - Throws: `CheckpointError` for a table that cannot be read.
    package func stacksDiffer(_ weights: WeightScope) throws(CheckpointError) -> Bool {
        try differ(encoder, decoder, weights)
    }

    /// Whether the head has other values than the decoder's embedding.
    ///
    /// - Throws: `CheckpointError` for a table that cannot be read.
    package func headDiffers(_ weights: WeightScope) throws(CheckpointError) -> Bool {
        try differ(decoder, head, weights)
    }

    /// Packed tables, and those that are not there, differ by name alone.
    private func differ(_ one: String, _ other: String, _ weights: WeightScope) throws(CheckpointError) -> Bool {
        guard one != other else { return false }
        let names = [one + ".weight", other + ".weight"]
        guard names.allSatisfy(weights.contains) else { return false }
        return !(try weights.tensor(names[0], shape).holdsSame(as: try weights.tensor(names[1], shape)))
    }
}

extension SwitchConfiguration {
    /// Reads a model directory's configuration and sets right what its tensors contradict, their values included.
    ///
    /// - Parameter assumptions: what the tensors of another layout than Hugging Face's do not say.
    ///
    /// - Throws: what reading the configuration and `repair` throw, and `CheckpointError` for a table that cannot be read.
    package init(
        of checkpoint: CheckpointDirectory,
        assuming assumptions: ConfigurationAssumptions = .init()
    ) throws {
        try self.init(directory: checkpoint.path, checkpoint, assuming: assumptions)
        let weights = WeightScope(root: checkpoint)
        guard architecture.hasDecoder, tieWordEmbeddings else { return }
        storesOwnHead = try VocabularyTables(weights, self).headDiffers(weights)
    }
}
