import Checkpoints
import Foundation
import SwitchModel
import Tensors
import Testing

@testable import Training

/// The loop: learning, stopping, going on, and what it leaves behind.
@Suite struct TrainerTests {
    /// The losses of a run by step, and its weights at the end.
    private func finish(_ trainer: Trainer, stoppingAfter step: Int = .max) throws -> (losses: [Double], Trainer.Ending)
    {
        var losses: [Double] = []
        let ending = try trainer.train(isStopping: { trainer.state.progress.step >= step }) { event in
            if case .step(let report) = event { losses.append(report.objective) }
        }
        return (losses, ending)
    }

    @Test func aModelLearnsToTurnWordsAround() throws {
        var run = TinyRun()
        defer { run.remove() }
        (run.settings.steps, run.settings.validateEvery, run.settings.saveEvery) = (300, 300, 300)
        (run.settings.regularization.dropout, run.settings.regularization.attentionDropout) = (0, 0)
        (run.settings.regularization.feedForwardDropout, run.settings.regularization.expertDropout) = (0, 0)
        let trainer = try run.trainer()
        let (losses, ending) = try finish(trainer)
        #expect(ending == .completed)
        #expect(losses[0] > 2 && losses[losses.count - 1] < 0.3, "from \(losses[0]) to \(losses[losses.count - 1])")
        #expect((trainer.state.progress.best?.accuracy ?? 0) > 0.95)
    }

    /// Everything random is on, and Adafactor's memory is another than AdamW's.
    @Test(arguments: OptimizerSettings.Kind.allCases, [3, 4, 9])
    func aRunThatWasStoppedEndsWithTheSameWeights(kind: OptimizerSettings.Kind, stop: Int) throws {
        let (whole, parted) = (self.run(kind), self.run(kind))
        defer {
            whole.remove()
            parted.remove()
        }
        let unbroken = try whole.trainer()
        let all = try finish(unbroken).losses
        #expect(all.count == 6, "a line for every second step")
        let (first, ending) = try finish(try parted.trainer(), stoppingAfter: stop)
        #expect(ending == .stopped)
        let second = try parted.trainer()
        #expect(second.state.progress.step == stop)
        #expect(first + (try finish(second).losses) == all)
        #expect(second.state.values.all.elements == unbroken.state.values.all.elements)
        #expect(second.state.served.all.elements == unbroken.state.served.all.elements)
    }

    private func run(_ kind: OptimizerSettings.Kind) -> TinyRun {
        var run = TinyRun()
        (run.settings.averageDecay, run.settings.optimizer.kind, run.settings.logEvery) = (0.9, kind, 2)
        return run
    }

    @Test func onlyWholeCheckpointsCountAndOldOnesGo() throws {
        let run = TinyRun()
        defer { run.remove() }
        _ = try finish(try run.trainer())
        let directory = try RunDirectory(run.folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: run.folder + "/checkpoints").sorted()
        #expect(names == ["step-00000008", "step-00000012"])
        // A checkpoint that was being written when the process was killed.
        try FileManager.default.createDirectory(
            atPath: run.folder + "/checkpoints/step-00000016.partial",
            withIntermediateDirectories: true
        )
        #expect(directory.latestCheckpoint?.hasSuffix("step-00000012") == true)
        // A checkpoint was being written once more, and the best model being replaced.
        let latest = run.folder + "/checkpoints/step-00000012"
        try FileManager.default.moveItem(atPath: latest, toPath: latest + ".old")
        try FileManager.default.moveItem(atPath: run.folder + "/best", toPath: run.folder + "/best.old")
        #expect(try RunDirectory(run.folder).latestCheckpoint == latest)
        #expect(FileManager.default.fileExists(atPath: run.folder + "/best/model.safetensors"))
    }

    @Test func aTieOfScoresIsBrokenByTheLoss() {
        func validation(loss: Double, bleu: Double?) -> Validation {
            Validation(step: 1, loss: loss, perplexity: 1, accuracy: 0, bleu: bleu, imbalance: 1, dropped: 0)
        }
        #expect(validation(loss: 1, bleu: 0).isBetter(than: validation(loss: 2, bleu: 0)))
        #expect(!validation(loss: 1, bleu: 0).isBetter(than: validation(loss: 1, bleu: 0)))
        #expect(!validation(loss: 1, bleu: 3).isBetter(than: validation(loss: 2, bleu: 4)))
        #expect(validation(loss: 1, bleu: nil).isBetter(than: validation(loss: 2, bleu: nil)))
    }

    @Test func theBestModelIsAModelDirectory() throws {
        let run = TinyRun()
        defer { run.remove() }
        let trainer = try run.trainer()
        _ = try finish(trainer)
        let checkpoint = try CheckpointDirectory(run.folder + "/best")
        let configuration = try SwitchConfiguration(directory: run.folder + "/best", checkpoint)
        #expect(configuration.notes.isEmpty)
        let wanted = trainer.model.shape.configuration
        #expect(configuration == wanted)
        let names = Set(trainer.model.layout.parameters.map(\.name))
        #expect(checkpoint.names == names.union(["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]))
    }

    @Test func aRateAHundredTimesTooHighIsCaught() throws {
        var run = TinyRun()
        defer { run.remove() }
        (run.settings.steps, run.settings.validateEvery, run.settings.saveEvery) = (2000, 2000, 2000)
        run.settings.learningRate.peak *= 100
        let ending = try finish(try run.trainer()).1
        guard case .unhealthy(let diagnosis) = ending else {
            Issue.record("the run ended as \(ending)")
            return
        }
        #expect(diagnosis.contains("learning rate"))
    }

    @Test func weightsThatAreNoNumbersAreCaughtBeforeTheySpread() throws {
        var run = TinyRun()
        defer { run.remove() }
        run.settings.health.maximumRecoveries = 2
        let trainer = try run.trainer()
        trainer.state.values.all[0, 40] = .nan
        let before = trainer.state.values.all.elements
        let ending = try finish(trainer).1
        guard case .unhealthy(let diagnosis) = ending else {
            Issue.record("the run ended as \(ending)")
            return
        }
        #expect(diagnosis.hasPrefix("not_finite"))
        #expect(zip(before, trainer.state.values.all.elements).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
    }

    @Test func routersThatChooseOneExpertAreCaught() throws {
        var run = TinyRun()
        defer { run.remove() }
        run.settings.steps = 60
        run.settings.health.patience = 20
        run.settings.health.collapsedRouting = .stop
        run.settings.learningRate.peak = 0
        let trainer = try run.trainer()
        // Ties go to the first expert, and at a rate of 0 they stay ties.
        for parameter in trainer.model.layout.parameters where parameter.role == .router {
            trainer.state.values[parameter.range].clear()
        }
        let ending = try finish(trainer).1
        guard case .unhealthy(let diagnosis) = ending else {
            Issue.record("the run ended as \(ending)")
            return
        }
        #expect(diagnosis.hasPrefix("collapsed_routing") && diagnosis.contains("balance"))
    }

    @Test func patienceEndsARun() throws {
        var run = TinyRun()
        defer { run.remove() }
        (run.settings.steps, run.settings.validateEvery, run.settings.patience) = (100, 2, 2)
        run.settings.learningRate.peak = 1e-12
        run.settings.health.overfitting = .report
        let trainer = try run.trainer()
        #expect(try finish(trainer).1 == .outOfPatience)
        let steps = trainer.state.progress.step
        #expect(steps < 100)
        let again = try run.trainer()
        #expect(try finish(again).1 == .outOfPatience)
        #expect(again.state.progress.step == steps, "it stays over")
    }

    @Test func withoutAnythingToJudgeByNothingBegins() throws {
        let run = TinyRun()
        defer { run.remove() }
        #expect(throws: TrainingError.nothingToJudgeBy) { try run.trainer(judgedPairs: 0) }
    }
}
