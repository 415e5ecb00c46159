package import Checkpoints
import Foundation
import JSON
package import SwitchModel
import Tensors

/// Writes a model directory of the Hugging Face layout: what `serve` runs and transformers loads.
package struct ModelExport: Sendable {
    package var configuration: SwitchConfiguration
    package var settings: TrainingSettings
    /// What there is beside weights and card.
    package enum Files: Sendable {
        /// Configurations are made up, beside the vocabulary's file, if it is not empty.
        case new(vocabulary: [UInt8])
        /// Those of the model that the run began with, but for what training has changed.
        case kept(ModelFiles)
        /// The same, but that the model is of another kind now.
        case converted(ModelFiles)
    }

    package var files: Files
    /// What weights are rounded to in the file; bfloat16 unless set otherwise.
    package var type: SafetensorsWriter.StoredType
    /// The most tokens an answer has unless asked otherwise.
    package var maximumNewTokens: Int
    /// nil writes none.
    package var card: ModelCard?

    /// Stores bfloat16, has answers end after 64 tokens and writes no card, until these are set.
    package init(_ configuration: SwitchConfiguration, _ settings: TrainingSettings, _ files: Files) {
        (self.configuration, self.settings, self.files) = (configuration, settings, files)
        (type, maximumNewTokens) = (.bfloat16, 64)
    }

    /// Writes weights, configurations, vocabulary and card into a directory that is there.
    ///
    /// The files appear one by one: for a directory that is always whole, write through `RunDirectory.fill`.
    ///
    /// - Parameter validation: what the card says of how good the model is.
    ///
    /// - Throws: `CheckpointError.unwritable`, and Foundation's errors where a file cannot be written.
    package func write(_ weights: TrainedWeights, _ validation: Validation, to directory: String) throws {
        let entries = weights.names.sorted().map { name in
            // One that is named is there.
            SafetensorsWriter.Entry(name, weights.shape(named: name), type) {
                (try? weights.tensor(named: name).floats()) ?? []
            }
        }
        try SafetensorsWriter(entries).write(to: directory + "/model.safetensors")
        switch files {
        case .new(let vocabulary):
            try write(modelFields, to: directory + "/config.json")
            try write(generationFields, to: directory + "/generation_config.json")
            if !vocabulary.isEmpty { try Data(vocabulary).write(to: URL(fileURLWithPath: directory + "/spiece.model")) }
        case .kept(let files): try files.write(keptChanges, to: directory)
        case .converted(let files):
            try write(modelFields, to: directory + "/config.json")
            try files.writeOthers(to: directory)
        }
        guard let card else { return }
        let text = card.text(configuration, parameters: (weights.parameterCount, type), validation)
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/README.md"))
    }

    /// A name and a value written as JSON; numbers with a point stay such, as transformers asks for.
    private typealias Field = (name: String, value: String)

    private func write(_ fields: [Field], to path: String) throws {
        let lines = fields.sorted { $0.name < $1.name }.map { "  \"\($0.name)\": \($0.value)" }
        let text = "{\n\(lines.joined(separator: ",\n"))\n}\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// `config.json`, as transformers 5.23.0 reads it.
    private var modelFields: [Field] {
        let model = configuration
        let hasEncoder = model.architecture == .encoderDecoder
        let regularization = settings.regularization
        return [
            ("model_type", "\"switch_transformers\""), ("is_encoder_decoder", "\(hasEncoder)"),
            ("is_decoder", "\(!hasEncoder)"), ("vocab_size", "\(model.vocabularySize)"),
            ("d_model", "\(model.modelWidth)"), ("d_kv", "\(model.headWidth)"), ("d_ff", "\(model.feedForwardWidth)"),
            ("num_heads", "\(model.heads)"),
            // A language model has no encoder, but transformers asks for layers of one.
            ("num_layers", "\(hasEncoder ? model.encoderLayers : model.decoderLayers)"),
            ("num_decoder_layers", "\(model.decoderLayers)"), ("num_experts", "\(model.experts)"),
            ("expert_capacity", "\(model.expertCapacity)"), ("encoder_sparse_step", "\(model.encoderSparseStep)"),
            ("decoder_sparse_step", "\(model.decoderSparseStep)"),
            ("num_sparse_encoder_layers", "\(model.sparseBlocks(in: .encoder).count)"),
            ("num_sparse_decoder_layers", "\(model.sparseBlocks(in: .decoder).count)"),
            ("relative_attention_num_buckets", "\(model.relativeBuckets)"),
            ("relative_attention_max_distance", "\(model.relativeMaxDistance)"),
            ("layer_norm_epsilon", "\(model.layerNormEpsilon)"),
            ("dense_act_fn", "\"\(Self.name(of: model.feedForward.activation))\""),
            ("dropout_rate", "\(regularization.dropout)"), ("router_bias", "\(model.routerBias)"),
            ("router_dtype", "\"float32\""),
            ("router_jitter_noise", "\(regularization.jitter)"), ("router_aux_loss_coef", "\(regularization.balance)"),
            ("router_z_loss_coef", "\(regularization.routerZ)"), ("tie_word_embeddings", "\(model.tieWordEmbeddings)"),
            ("dtype", type == .float32 ? "\"float32\"" : "\"bfloat16\""),
        ] + choiceFields + specialFields + (model.feedForward.isGated ? [("is_gated_act", "true")] : [])
            + (hasEncoder ? [("architectures", "[\"SwitchTransformersForConditionalGeneration\"]")] : [])
    }

    /// What is another in `config.json` than in that of the model the run began with: what training decides, and what the
    /// model's tensors had set right.
    private var keptChanges: JSONObject {
        let (model, regularization) = (configuration, settings.regularization)
        var changes: JSONObject = [
            "dtype": .string(type == .float32 ? "float32" : "bfloat16"), "torch_dtype": .null,
            "dropout_rate": .real(Double("\(regularization.dropout)") ?? 0),
            "num_decoder_layers": .integer(model.decoderLayers),
        ]
        if model.architecture == .encoderDecoder { changes["num_layers"] = .integer(model.encoderLayers) }
        guard model.modelType == .switchTransformers else { return changes }
        changes["router_jitter_noise"] = .real(Double("\(regularization.jitter)") ?? 0)
        changes["router_aux_loss_coef"] = .real(Double("\(regularization.balance)") ?? 0)
        changes["router_z_loss_coef"] = .real(Double("\(regularization.routerZ)") ?? 0)
        changes["num_experts"] = .integer(model.experts)
        changes["router_bias"] = .bool(model.routerBias)
        changes["encoder_sparse_step"] = .integer(model.encoderSparseStep)
        changes["decoder_sparse_step"] = .integer(model.decoderSparseStep)
        changes["num_sparse_encoder_layers"] = .integer(model.sparseBlocks(in: .encoder).count)
        changes["num_sparse_decoder_layers"] = .integer(model.sparseBlocks(in: .decoder).count)
        // Of this family what is scaled is tied, and the other way round.
        changes["tie_word_embeddings"] = .bool(model.scalesDecoderOutput)
        return changes
    }

    /// As transformers names it.
    private static func name(of activation: Activation) -> String {
        switch activation {
        case .relu: "relu"
        case .gelu: "gelu"
        case .geluTanh: "gelu_new"
        case .silu: "silu"
        }
    }

    private var choiceFields: [Field] {
        configuration.choices > 1 ? [("num_experts_per_tok", "\(configuration.choices)")] : []
    }

    private var specialFields: [Field] {
        [
            ("decoder_start_token_id", "\(configuration.startToken)"), ("pad_token_id", "\(configuration.padToken)"),
            ("eos_token_id", configuration.endTokens.first.map { "\($0)" } ?? "null"), ("use_cache", "true"),
        ]
    }

    /// `generation_config.json`.
    private var generationFields: [Field] { specialFields + [("max_new_tokens", "\(maximumNewTokens)")] }
}
