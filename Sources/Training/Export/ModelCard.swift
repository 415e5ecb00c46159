import Checkpoints
import Foundation
import SwitchModel

/// The README of a model directory: what the model is, what it learnt from, how good it is, and the command that made it.
package struct ModelCard: Sendable {
    package var name: String
    package var version: String
    /// What `switchyard` was called with.
    package var arguments: [String]
    package var data: DataSettings
    package var report: PreparedData.Report
    /// The model that it was trained from; nil for weights that were drawn.
    package var origin: Origin?

    /// What was set otherwise from some step on, a sentence each.
    package var history: [String] = []

    /// What a model was trained from.
    package struct Origin: Sendable {
        /// Name of its directory.
        package var name: String
        /// What was not learnt.
        package var frozen: [ParameterGroup]

        package init(_ name: String, frozen: [ParameterGroup]) { (self.name, self.frozen) = (name, frozen) }
    }

    package init(
        _ name: String,
        version: String,
        arguments: [String],
        _ data: DataSettings,
        _ report: PreparedData.Report
    ) {
        (self.name, self.version, self.arguments) = (name, version, arguments)
        (self.data, self.report) = (data, report)
    }

    private static let lineWidth = 110

    /// - Parameter parameters: how many weights are stored, and as what.
    func text(
        _ model: SwitchConfiguration,
        parameters: (count: Int, type: SafetensorsWriter.StoredType),
        _ validation: Validation
    ) -> String {
        let type = parameters.type == .float32 ? "f32" : "bf16"
        let rows =
            begun + [
                ("architecture", Self.architecture(model)), ("experts", Self.experts(model)),
                ("parameters", "\(parameters.count), stored as \(type)"),
                (
                    "vocabulary",
                    "\(report.pieces) pieces, \(origin == nil ? "SentencePiece \(data.vocabularyKind)" : "that of the model it began as")"
                ),
                ("learnt from", "\(report.trainingExamples) examples of \(data.trainingFiles.joined(separator: ", "))"),
                ("judged by", "\(report.validationExamples) examples of \(judges)"),
                ("how good", Self.result(validation)),
            ]
        let table = ["| | |", "|---|---|"] + rows.map { "| \($0) | \($1) |" }
        let lines =
            ["# \(name)", ""] + table + Self.routing(model) + [
                "", "Trained by Switchyard \(version):", "", "```", command, "```", "",
            ] + (history.isEmpty ? [] : ["It began with other settings:", ""] + history.map { "- \($0)" } + [""])
        return lines.joined(separator: "\n")
    }

    private var begun: [(String, String)] {
        guard let origin else { return [] }
        let frozen = origin.frozen.map(\.rawValue).joined(separator: ", ")
        let prefix = data.prefix.isEmpty ? [] : [("prefix", "`\(data.prefix)`")]
        return [("began as", origin.name)] + (frozen.isEmpty ? [] : [("not learnt", frozen)]) + prefix
    }

    private var judges: String {
        data.validationFiles.isEmpty ? "the same, held out" : data.validationFiles.joined(separator: ", ")
    }

    private static func architecture(_ model: SwitchConfiguration) -> String {
        let layers =
            model.architecture == .encoderDecoder
            ? "encoder–decoder, \(model.encoderLayers) + \(model.decoderLayers) layers"
            : "decoder only, \(model.decoderLayers) layers"
        let kind = model.feedForward
        let inner = kind == FeedForwardKind() ? "" : " (\(kind.isGated ? "gated " : "")\(kind.activation))"
        return "\(layers), width \(model.modelWidth), feed-forward \(model.feedForwardWidth)\(inner), "
            + "\(model.heads) heads of \(model.headWidth), head \(model.hasOwnHead ? "untied" : "tied")"
    }

    private static func experts(_ model: SwitchConfiguration) -> String {
        let stacks: [SwitchConfiguration.Stack] =
            model.architecture == .encoderDecoder ? [.encoder, .decoder] : [.decoder]
        let sparse = stacks.reduce(0) { $0 + model.sparseBlocks(in: $1).count }
        return sparse == 0 ? "none" : "\(model.experts) in \(sparse) layers, \(model.choices) for a token"
    }

    private static func result(_ validation: Validation) -> String {
        let bleu = validation.bleu.map { String(format: ", sacreBLEU %.2f on the first of them, greedy", $0) } ?? ""
        let loss = String(format: "%.4f nats a token (perplexity %.2f)", validation.loss, validation.perplexity)
        return "\(loss)\(bleu), after \(validation.step) steps"
    }

    /// What there is to say of a model that transformers would route otherwise.
    private static func routing(_ model: SwitchConfiguration) -> [String] {
        guard model.choices > 1 else { return [] }
        return [
            "",
            "Every token goes to \(model.choices) of \(model.experts) experts (`num_experts_per_tok`), each scaled by its",
            "share of their probabilities. transformers has no such Switch Transformer: it sends every token to one expert, scaled",
            "by its probability, and answers something else. `switchyard serve` runs the model as it was trained.",
        ]
    }

    /// For a shell, in lines that can be read: a flag and its value stand in one.
    private var command: String {
        var words: [String] = []
        for (index, argument) in arguments.enumerated() {
            let isValue = index > 0 && arguments[index - 1].hasPrefix("--") && !argument.hasPrefix("--")
            if isValue {
                words[words.count - 1] += " " + Self.quoted(argument)
            } else {
                words.append(Self.quoted(argument))
            }
        }
        var lines = ["switchyard"]
        for word in words {
            if lines[lines.count - 1].count + word.count > Self.lineWidth {
                lines[lines.count - 1] += " \\"
                lines.append("   ")
            }
            lines[lines.count - 1] += " " + word
        }
        return lines.joined(separator: "\n")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_=./,:+%@".contains($0) }
        return isPlain ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
    }
}
