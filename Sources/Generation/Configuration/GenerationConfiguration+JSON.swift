import Checkpoints
package import SwitchModel

extension GenerationConfiguration {
    /// Keys of what is said elsewhere, or says nothing of generation.
    private static let elsewhere: Set = ["transformers_version", "_from_model_config", "use_cache"]
    /// Keys that `SwitchConfiguration` follows.
    private static let tokens = ["eos_token_id", "decoder_start_token_id", "bos_token_id", "pad_token_id"]
    /// Keys of a file of either name that say something of generation and have no effect here.
    private static let ineffective = [
        "num_return_sequences", "num_beam_groups", "diversity_penalty", "penalty_alpha", "constraints",
        "force_words_ids",
        "epsilon_cutoff", "eta_cutoff", "top_h", "guidance_scale", "max_time", "stop_strings", "remove_invalid_values",
        "low_memory", "watermarking_config", "token_healing", "dola_layers", "prompt_lookup_num_tokens",
        "max_matching_ngram_size",
        "is_assistant", "num_assistant_tokens", "cache_implementation", "output_scores", "output_attentions",
        "output_hidden_states", "output_logits", "return_dict_in_generate", "task_specific_params",
    ]

    /// Reads `generation_config.json` or, where there is none, the same keys of `config.json`; a checkpoint of another layout
    /// than Hugging Face's may have neither, and says nothing of generation.
    ///
    /// - Throws: what names the file and the key when a value is of the wrong kind, out of range, or contradicts another.
    package init(directory: String, _ model: SwitchConfiguration) throws(ConfigurationError) {
        let limit = SwitchConfiguration.maximumFileBytes
        let name: String
        let bytes: [UInt8]
        do throws(CheckpointError) {
            let own = try BoundedFile.readIfPresent(directory + "/generation_config.json", limit: limit)
            name = own == nil ? "config.json" : "generation_config.json"
            let other = own == nil ? try BoundedFile.readIfPresent(directory + "/config.json", limit: limit) : nil
            bytes = own ?? other ?? Array("{}".utf8)
        } catch {
            throw .unreadable(error)
        }
        try self.init(bytes, file: name, model)
    }

    /// - Parameter bytes: the text of the file.
    package init(_ bytes: [UInt8], file: String, _ model: SwitchConfiguration) throws(ConfigurationError) {
        let file = GenerationFile(try ConfigurationReader(bytes, file: file), vocabularySize: model.vocabularySize)
        source = file.reader.file
        constraints = try file.constraints()
        defaults = try file.defaults()
        maximum = try file.maximum()
        if let reason = constraints.contradiction(vocabularySize: model.vocabularySize) {
            throw .contradictoryConstraints(file: source, reason: reason)
        }
        entries = file.reader.keys.compactMap { key in
            let effect: Entry.Effect
            let isOlder = source == "config.json" && key == GenerationFile.olderForcedStart
            if GenerationFile.constraintKeys.contains(key) || Self.tokens.contains(key) || isOlder {
                effect = .always
            } else if GenerationFile.defaultKeys.contains(key) {
                effect = .unlessAsked
            } else {
                // config.json says much else.
                let isForeign = source == "config.json" && !Self.ineffective.contains(key)
                guard !isForeign, !Self.elsewhere.contains(key) else { return nil }
                effect = .none
            }
            return Entry(key: key, value: file.reader[key].map(GenerationFile.shown) ?? "", effect: effect)
        }
    }
}
