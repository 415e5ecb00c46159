import ArgumentParser
import Foundation
import Tensors
import Training

extension Remedy: ExpressibleByArgument {}

/// How long a run goes on, what it leaves behind, and what it does when it is ill.
struct TrainingLoopOptions: ParsableArguments {
    @Option(help: "Steps of the whole run.")
    var steps = 10_000

    @Option(help: "Minutes that the steps of the run may take, if fewer steps fit. Default: no limit.")
    var maxMinutes: Double?

    @Option(help: "Tokens of a batch, inputs and outputs together.")
    var batchTokens = 4096

    @Option(help: "Batches whose gradients make one step.")
    var accumulation = 1

    @Option(
        help:
            "Threads that each compute a part of a batch, of all processes together. Default: one for each processor that may be used, or what the quota comes nearest to."
    )
    var workers: Int?

    @Flag(
        help:
            "Go on with other settings than the run had: rates, dropout, losses, steps. The card tells from which step on."
    )
    var change = false

    @Flag(help: "Compute activations again on the way back rather than keep them: less memory, a third more time.")
    var recompute = false

    @Option(help: "The most memory the run may need, such as 12G. Default: what this process may use.")
    var memory: ByteSize?

    @Option(help: "Decides everything random.")
    var seed: UInt64 = 1

    @Option(help: "Steps between validations.")
    var validateEvery = 500

    @Option(help: "Steps between checkpoints.")
    var saveEvery = 500

    @Option(help: "Steps between lines of the log.")
    var logEvery = 10

    @Option(help: "Checkpoints that are kept.")
    var keep = 2

    @Option(help: "Validations without a better one before the run ends; 0 for never.")
    var patience = 0

    @Option(help: "Validation sources that are translated and scored with BLEU; 0 to go by the loss.")
    var bleuSentences = 200

    @Option(help: "What is done about a loss or a gradient that is not a number: report, recover or stop.")
    var onNotFinite = Remedy.recover

    @Option(help: "… about a gradient far larger than those before.")
    var onExploding = Remedy.recover

    @Option(help: "… about a loss that has risen for good.")
    var onDiverged = Remedy.stop

    @Option(help: "… about layers that hardly learn.")
    var onVanishing = Remedy.report

    @Option(help: "… about experts without tokens.")
    var onCollapsedRouting = Remedy.report

    @Option(help: "… about a validation loss that rises.")
    var onOverfitting = Remedy.report

    func validate() throws {
        for (flag, value) in [
            ("--steps", steps), ("--accumulation", accumulation), ("--validate-every", validateEvery),
            ("--save-every", saveEvery), ("--log-every", logEvery), ("--keep", keep),
        ] {
            try Limit.check(flag, value, in: 1...100_000_000)
        }
        try Limit.check("--batch-tokens", batchTokens, in: 16...1_048_576)
        try Limit.check("--workers", workers ?? 1, in: 1...MachineShare.mostThreads)
        try Limit.check(minutes: maxMinutes)
        try Limit.check("--patience", patience, in: 0...1_000_000)
        try Limit.check("--bleu-sentences", bleuSentences, in: 0...1_000_000)
    }

    /// Sets how long the run goes on, what it keeps and what it does when it is ill.
    ///
    /// - Parameter defaultWorkers: how many there are without `--workers`.
    func apply(to settings: inout TrainingSettings, defaultWorkers: Int) {
        (settings.steps, settings.batchTokens, settings.accumulation) = (steps, batchTokens, accumulation)
        settings.maximumSeconds = maxMinutes.map { $0 * 60 }
        settings.workers = workers ?? defaultWorkers
        settings.recomputes = recompute ? true : nil
        (settings.seed, settings.validateEvery, settings.saveEvery) = (seed, validateEvery, saveEvery)
        (settings.logEvery, settings.keep, settings.patience) = (logEvery, keep, patience)
        (settings.health.notFinite, settings.health.exploding) = (onNotFinite, onExploding)
        (settings.health.diverged, settings.health.vanishing) = (onDiverged, onVanishing)
        (settings.health.collapsedRouting, settings.health.overfitting) = (onCollapsedRouting, onOverfitting)
    }
}
