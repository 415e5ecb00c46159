import Foundation
import Glibc
import SwitchModel
import Training

/// Shows how a run goes on standard error: one line that is redrawn on a terminal, a line for each report elsewhere.
final class TrainingDisplay {
    private let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var started = ContinuousClock.now
    private var first = 0

    private static let width = 24

    /// - Parameter total: steps of the whole run.
    init(total: Int) { self.total = total }

    /// What became of the text.
    func tell(_ report: PreparedData.Report) {
        if let cleaning = report.cleaning {
            line(
                "pairs: \(cleaning.read) read, \(cleaning.empty) empty, \(cleaning.tooLong) too long, "
                    + "\(cleaning.unequal) of unequal length, \(cleaning.duplicates) duplicates, \(cleaning.kept) kept"
            )
        }
        line(
            "examples: \(report.trainingExamples) to learn from (\(report.tooManyTokens) had too many tokens), "
                + "\(report.validationExamples) to judge by (\(report.tooManyTokensToJudge)); "
                + "vocabulary of \(report.pieces) pieces"
        )
    }

    /// The model that the run begins with, what was set right in it, and what fine-tuning sets by itself.
    func tell(_ start: StartingModel, _ reasons: [String]) {
        line(
            "from \(start.directory): \(start.configuration.modelType.rawValue), vocabulary of \(start.vocabulary.size)"
        )
        for note in start.configuration.notes { line("  \(note)") }
        for reason in reasons { line("  \(reason)") }
    }

    /// What the run needs of memory.
    func tell(_ memory: String) { line(memory) }

    /// From here on the time that is left is estimated.
    ///
    /// - Parameters:
    ///   - step: the last one done, 0 for a run that begins.
    ///   - parameters: numbers that the model has, and those of them that are learnt.
    func begin(at step: Int, parameters: (all: Int, learnt: Int)) {
        (first, started) = (step, .now)
        line(
            "\(parameters.all) parameters\(parameters.learnt == parameters.all ? "" : ", \(parameters.learnt) of them learnt"); "
                + (step == 0 ? "step 1 of \(total)" : "going on after step \(step) of \(total)")
        )
    }

    /// Steps redraw the line on a terminal; validations and diagnoses have lines that stay.
    func tell(_ event: TrainingEvent) {
        switch event {
        case .step(let report): show(report)
        case .validation(let validation):
            let bleu = validation.bleu.map { String(format: ", BLEU %.2f", $0) } ?? ""
            line(
                String(
                    format: "step %d: validation loss %.4f, perplexity %.2f, accuracy %.1f%%",
                    validation.step,
                    validation.loss,
                    validation.perplexity,
                    validation.accuracy * 100
                ) + bleu + String(format: ", imbalance %.2f", validation.imbalance)
            )
        case .diagnosis(let report):
            line("step \(report.step): \(report.ailment): \(report.finding); \(report.advice) [\(report.remedy)]")
        }
    }

    /// Why the run ended, and where its best model is.
    func finish(_ ending: Trainer.Ending, best: Validation?, directory: String) {
        let how =
            switch ending {
            case .completed: "done"
            case .outOfPatience: "ended: no better validation for long"
            case .outOfTime: "ended: its time is up"
            case .stopped: "stopped; the same command goes on from here"
            case .unhealthy: "ended: the run is ill"
            }
        let isThere = FileManager.default.fileExists(atPath: directory + "/config.json")
        let place = isThere ? "is in \(directory)" : "was in \(directory), which is not there any more"
        line(how + (best.map { "; the best model, of step \($0.step), \(place)" } ?? ""))
    }

    private func show(_ report: StepReport) {
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let left = seconds / Double(max(report.step - first, 1)) * Double(total - report.step)
        let numbers = String(
            format: "loss %.4f, rate %.2e, norm %.2f, %.0f tokens/s, %@ left",
            report.loss,
            report.rate,
            report.norm,
            report.tokensPerSecond,
            Self.time(left)
        )
        guard isTerminal else { return line("step \(report.step): \(numbers)") }
        let bar = ProgressLine.bar(report.step, of: total, width: Self.width)
        write("\r\u{1B}[K\(bar) \(report.step)/\(total) \(numbers)")
    }

    private static func time(_ seconds: Double) -> String {
        let whole = Int(seconds.isFinite ? min(seconds, 1e9) : 0)
        return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
    }

    private func line(_ text: String) { write((isTerminal ? "\r\u{1B}[K" : "") + text + "\n") }

    /// A run outlives whoever reads of it.
    private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
