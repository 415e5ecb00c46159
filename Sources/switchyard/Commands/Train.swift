import ArgumentParser
import Foundation
import Synchronization
import Tokenization
import Training
import UnixSignals

/// Trains a model from text and leaves a directory that `serve` runs and transformers loads.
struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a Switch Transformer from text.",
        discussion: """
            Called again with the same directory it goes on where it was, after whatever stopped it.

            Several processes train one model together, each with its share of the experts, where mpirun starts them:

              mpirun -n 2 --bind-to none switchyard train runs/en-de --pairs pairs.tsv --workers 4

            With --from a model goes on learning, and keeps its vocabulary:

              switchyard train runs/summaries --from flan-t5-small --prefix 'summarize: ' --pairs pairs.tsv
            """
    )

    @Argument(help: "The run's directory: settings, log, checkpoints and, in best/, the best model.")
    var directory: String

    @OptionGroup(title: "Data") var data: TrainingDataOptions
    @OptionGroup(title: "Model") var model: TrainedModelOptions
    @OptionGroup(title: "Learning") var learning: LearningOptions
    @OptionGroup(title: "Loop") var loop: TrainingLoopOptions
    @OptionGroup(title: "Several processes") var ranks: TrainingRankOptions

    func run() async throws {
        // SIGUSR1 is what mpirun hands to all of its processes at once.
        let stop = StopSignal(ranks.isJob ? [.sigint, .sigterm, .sigusr1] : [.sigint, .sigterm])
        let watch = Task { await stop.watch() }
        defer { watch.cancel() }
        let (ending, isFirst) = try await OwnThread.run {
            let job = try TrainingJob(ranks)
            do {
                let run = TrainingRun(self, arguments: EnvironmentFlags.arguments, in: job)
                let ending = try run.run(isStopping: { stop.isRaised }).ending
                try job.leave()
                return (ending, job.team.isFirst)
            } catch {
                job.endIfLost(error)
                throw error
            }
        }
        guard case .unhealthy(let diagnosis) = ending else { return }
        guard isFirst else { throw ExitCode.failure }
        throw TrainingError.unhealthy(diagnosis)
    }

    /// What the run is to do with its data; how the data is read is `data.settings`.
    ///
    /// - Parameter defaultWorkers: how many there are where the flags do not say it.
    func settings(defaultWorkers: Int) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.model = model.settings(data.task)
        learning.apply(to: &settings, steps: loop.steps, isFineTuning: model.from != nil)
        loop.apply(to: &settings, defaultWorkers: defaultWorkers)
        return settings
    }
}

/// Work that lasts, on a thread of its own.
enum OwnThread {
    /// Runs `body` and returns what it returns; the caller's thread is free meanwhile.
    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Swift.Result { try body() }) }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}

/// Whether the process was asked to end, by a signal such as SIGINT or SIGTERM.
///
/// While there is one, a pipe whose reader has gone does not end the process either.
final class StopSignal: Sendable {
    private let raised = Mutex(false)
    private let signals: [UnixSignal]

    /// Has SIGPIPE ignored from now on, by the whole process.
    init(_ signals: [UnixSignal] = [.sigint, .sigterm]) {
        self.signals = signals
        signal(SIGPIPE, SIG_IGN)
    }

    /// Watches for the signals until the task is cancelled.
    func watch() async {
        for await _ in await UnixSignalsSequence(trapping: signals) { raised.withLock { $0 = true } }
    }

    /// May be asked on any thread.
    var isRaised: Bool { raised.withLock { $0 } }
}
