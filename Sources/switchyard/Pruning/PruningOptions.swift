import ArgumentParser
import Checkpoints
import Foundation
import SwitchModel

/// Which experts are left out of what `pack` writes.
struct PruningOptions: ParsableArguments {
    @Option(
        help: """
            The share of each sparse layer's experts to keep, from above 0 to 1: the most used of --profile. Tokens of the others \
            go to the best of those that are left. Default: all.
            """
    )
    var keepExperts: Double?

    @Option(help: "How many tokens each expert had: what evaluate --json prints, or what /v1/experts answers.")
    var profile: String?

    @Flag(help: "Write model.safetensors, which evaluate, train and transformers read, rather than packed weights.")
    var unpacked = false

    func validate() throws {
        guard (keepExperts == nil) == (profile == nil) else {
            throw ValidationError("--keep-experts and --profile belong together")
        }
        if let keepExperts, !(keepExperts > 0 && keepExperts <= 1) {
            throw ValidationError("--keep-experts is \(keepExperts), but must be more than 0 and at most 1")
        }
        guard keepExperts != nil || !unpacked else {
            throw ValidationError(
                "--unpacked is for a model that loses experts: without --keep-experts nothing would change"
            )
        }
    }

    /// Which experts stay; nil for all.
    ///
    /// - Throws: `PruningError`.
    func pruning(of configuration: SwitchConfiguration) throws -> ExpertPruning? {
        guard let keepExperts, let profile else { return nil }
        return try ExpertPruning(ExpertProfile(file: profile), configuration, keeping: keepExperts)
    }

    /// Has configuration and card in `target` say what is left.
    ///
    /// - Parameter source: the directory of the whole model.
    func describe(_ pruning: ExpertPruning, from source: String, in target: String) throws {
        let configuration = try BoundedFile.read(source + "/config.json", limit: SwitchConfiguration.maximumFileBytes)
        try Data(pruning.text(configuration).utf8).write(to: URL(fileURLWithPath: target + "/config.json"))
        let card = FileManager.default.contents(atPath: source + "/README.md").map {
            String(decoding: $0, as: UTF8.self)
        }
        let opening = card ?? "# \(URL(fileURLWithPath: target).lastPathComponent)\n"
        try Data("\(opening)\n\(pruning.card)".utf8).write(to: URL(fileURLWithPath: target + "/README.md"))
        let percent = String(format: "%.1f", pruning.share * 100)
        print(
            "kept \(pruning.experts.after) of \(pruning.experts.before) experts: \(percent) % of the profile's tokens had gone to them"
        )
    }

    /// Writes weights as other programs read them, in bfloat16 where they are stored in it and else in Float32.
    func write(_ weights: any WeightSource, to target: String) throws {
        let entries = try weights.names.sorted().map { name in
            let tensor = try weights.tensor(named: name)
            return SafetensorsWriter.Entry(name, tensor.shape, tensor.elementType == .bfloat16 ? .bfloat16 : .float32) {
                tensor.floats()
            }
        }
        try SafetensorsWriter(entries).write(to: target + "/model.safetensors")
    }
}
