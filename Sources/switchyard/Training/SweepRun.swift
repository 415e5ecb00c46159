import ArgumentParser
import Foundation
import Training

/// One call of `sweep`: trains trial after trial, remembers what became of each, and draws the comparison.
struct SweepRun {
    private let command: Sweep
    private let plan: SweepPlan
    /// What every trial's `train` is given, by flags and by the environment.
    private let shared: [String]
    private let trials: [Trial]

    /// A trial and the call of `train` that it is.
    private struct Trial {
        var trial: SweepTrial
        var arguments: [String]
        var train: Train
    }

    /// What must be the same when a sweep goes on, in `sweep.json`.
    private struct Record: Codable, Equatable {
        var vary: [String]
        var search: String
        var seed: UInt64
        var training: [String]
    }

    /// - Throws: before anything is trained, for settings that `train` does not have or take.
    init(_ command: Sweep) throws {
        self.command = command
        plan = try command.plan
        let shared = try Self.shared(command.training, plan.axes)
        self.shared = shared
        trials = try plan.trials.map { trial in
            let directory = command.directory + String(format: "/trial-%03d", trial.number)
            let arguments = ["train", directory] + shared + trial.arguments
            do {
                let train = try Train.parse(Array(arguments.dropFirst()))
                guard !train.ranks.isJob else {
                    throw ValidationError("a trial is trained by one process, without mpirun")
                }
                return Trial(trial: trial, arguments: arguments, train: train)
            } catch {
                throw ValidationError("trial \(trial.number), \(trial.description): \(Train.message(for: error))")
            }
        }
    }

    /// - Throws: `TrainingError.notAnAxis` for a setting that is varied and given too, where a trial's does not replace it.
    private static func shared(_ given: [String], _ axes: [SweepAxis]) throws -> [String] {
        let flags = Set(given.filter { $0.hasPrefix("--") }.map { $0.dropFirst(2).prefix { $0 != "=" } })
        for axis in axes
        where flags.contains(Substring(axis.name)) && !EnvironmentFlags.replaces(axis.name, of: "train") {
            throw TrainingError.notAnAxis(axis.name, reason: "it is given for all trials too")
        }
        let varied = axes.map { EnvironmentFlags.variable($0.name) }
        let environment = ProcessInfo.processInfo.environment.filter { !varied.contains($0.key) }
        return Array(EnvironmentFlags.merged(["train"] + given, environment: environment).dropFirst())
    }

    /// What a call of `sweep` came to.
    struct Outcome {
        var report: SweepReport
        /// Trials that could not be trained; the next call tries them again.
        var failures: Int
    }

    /// Trains what has no result yet, trial after trial, and writes results, table and pictures after each.
    ///
    /// A trial that fails does not end the sweep.
    ///
    /// - Parameter isStopping: asked before every trial and every step; also true once `--max-minutes` are over.
    ///
    /// - Throws: `TrainingError.anotherRun` where the directory holds another sweep, and errors of reading and writing
    ///   its files.
    func run(isStopping: () -> Bool) throws -> Outcome {
        let end = command.maxMinutes.map { ContinuousClock.now + .seconds($0 * 60) }
        func isOver() -> Bool { isStopping() || end.map { ContinuousClock.now >= $0 } ?? false }
        try checkIsSame()
        var failures = 0
        var results = try readResults()
        for trial in trials where !results.contains(where: { $0.trial == trial.trial }) {
            if isOver() { break }
            tell("trial \(trial.trial.number) of \(trials.count): \(trial.trial.description)")
            let outcome: TrainingRun.Outcome
            do {
                try shareVocabulary(with: trial)
                outcome = try TrainingRun(trial.train, arguments: trial.arguments).run(isStopping: isOver)
            } catch {
                tell("trial \(trial.trial.number) failed: \(error)")
                failures += 1
                continue
            }
            guard outcome.ending != .stopped else { break }
            results.append(SweepResult(trial.trial, outcome.progress, outcome.ending))
            try write(results, to: resultsFile)
            // It is over: its optimizer's memory, thrice the size of the model, is of no more use.
            try? FileManager.default.removeItem(atPath: trial.train.directory + "/checkpoints")
            try report(results).write(to: command.directory, title: title)
        }
        tell("\(results.count) of \(trials.count) trials done; see \(command.directory)/report.html")
        return Outcome(report: report(results), failures: failures)
    }

    private var title: String { URL(fileURLWithPath: command.directory).lastPathComponent }
    private var recordFile: String { command.directory + "/sweep.json" }
    private var resultsFile: String { command.directory + "/results.json" }

    private func checkIsSame() throws {
        let record = Record(
            vary: command.vary,
            search: command.search.rawValue,
            seed: command.seed,
            training: shared
        )
        if let bytes = FileManager.default.contents(atPath: recordFile) {
            guard (try? JSONDecoder.ofRuns().decode(Record.self, from: bytes)) == record else {
                throw TrainingError.anotherRun(directory: command.directory, setting: "sweep")
            }
            return
        }
        do {
            try FileManager.default.createDirectory(atPath: command.directory, withIntermediateDirectories: true)
        } catch {
            throw TrainingError.unwritable(path: command.directory, reason: (error as NSError).localizedDescription)
        }
        try write(record, to: recordFile)
    }

    private func readResults() throws -> [SweepResult] {
        guard let bytes = FileManager.default.contents(atPath: resultsFile) else { return [] }
        return try JSONDecoder.ofRuns().decode([SweepResult].self, from: bytes)
    }

    private func write(_ value: some Encodable, to path: String) throws {
        try JSONEncoder.ofRuns(.prettyPrinted).encode(value).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private func report(_ results: [SweepResult]) -> SweepReport {
        var logs: [Int: String] = [:]
        for trial in trials { logs[trial.trial.number] = try? TextFile.text(trial.train.directory + "/log.jsonl") }
        return SweepReport(results, plan.axes, logs: logs)
    }

    /// Trials with the same data have the same vocabulary: one is trained once.
    private func shareVocabulary(with trial: Trial) throws {
        let files = FileManager.default
        let own = trial.train.directory + "/spiece.model"
        let trained = trials.first { other in
            other.train.data.settings == trial.train.data.settings
                && other.train.loop.seed == trial.train.loop.seed
                && files.fileExists(atPath: other.train.directory + "/spiece.model")
        }
        guard let trained, !files.fileExists(atPath: own) else { return }
        try files.createDirectory(atPath: trial.train.directory, withIntermediateDirectories: true)
        let vocabulary = try Data(contentsOf: URL(fileURLWithPath: trained.train.directory + "/spiece.model"))
        try vocabulary.write(to: URL(fileURLWithPath: own), options: .atomic)
    }

    private func tell(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }
}
