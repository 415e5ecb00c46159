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
        discussion: "Called again with the same directory it goes on where it was, after whatever stopped it."
    )

    @Argument(help: "The run's directory: settings, log, checkpoints and, in best/, the best model.")
    var directory: String

    @OptionGroup(title: "Data") var data: TrainingDataOptions
    @OptionGroup(title: "Model") var model: TrainedModelOptions
    @OptionGroup(title: "Learning") var learning: LearningOptions
    @OptionGroup(title: "Loop") var loop: TrainingLoopOptions

    func run() async throws {
        let stop = StopSignal()
        let watch = Task { await stop.watch() }
        defer { watch.cancel() }
        let ending = try await OwnThread.run {
            try TrainingRun(self, arguments: EnvironmentFlags.arguments).run(isStopping: { stop.isRaised }).ending
        }
        if case .unhealthy(let diagnosis) = ending { throw TrainingError.unhealthy(diagnosis) }
    }

    /// What the run is to do with its data; how the data is read is `data.settings`.
    var settings: TrainingSettings {
        var settings = TrainingSettings()
        settings.model = model.settings(data.task)
        learning.apply(to: &settings, steps: loop.steps)
        loop.apply(to: &settings)
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

/// Whether the process was asked to end, by SIGINT or SIGTERM.
///
/// While there is one, a pipe whose reader has gone does not end the process either.
final class StopSignal: Sendable {
    private let raised = Mutex(false)

    /// Has SIGPIPE ignored from now on, by the whole process.
    init() { signal(SIGPIPE, SIG_IGN) }

    /// Watches for the signals until the task is cancelled.
    func watch() async {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { raised.withLock { $0 = true } }
    }

    /// May be asked on any thread.
    var isRaised: Bool { raised.withLock { $0 } }
}
