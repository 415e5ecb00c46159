import Foundation
import Ranks
import Tensors

/// Runs the loop: steps, validations, checkpoints, and what the health monitor asks for.
///
/// Each rank of a job has one: they take the same decisions by the same numbers, but that rank 0 alone looks at clocks, is
/// asked to stop, judges translations, and reads and writes files.
///
/// Used by one thread, which is not of the cooperative pool.
package final class Trainer {
    /// Scores what a model makes of validation sources, from 0 to 100.
    package typealias Judge = (_ weights: TrainedWeights) throws -> Double

    package let settings: TrainingSettings
    /// Changed by `train` at every step: read it before or after, or while being told of an event.
    package let state: TrainingState
    package let model: ModelLayers
    private let team: RankTeam
    private let run: RunDirectory?
    private let gradients: GradientStep
    private let validation: [[Example]]
    private let judge: Judge?
    private let export: ModelExport
    private var reader: BatchReader
    /// What is wrong with later checkpoints than the one that the run goes on from; rank 0 knows.
    package let damages: [String]
    /// What a run begins with is judged before the first step: it may be the best there will be.
    private let judgesFirst: Bool

    /// Begins a run, or goes on with the latest checkpoint of its directory.
    ///
    /// - Parameter team: the settings' workers can be shared out evenly over it.
    ///
    /// - Throws: `TrainingError.tooFewExamples` and `.nothingToJudgeBy`; `CheckpointError` and `TrainingError.unreadable`
    ///   where no checkpoint is whole, or the last is another model's; `RanksError`.
    package init(
        _ settings: TrainingSettings,
        _ shape: ModelShape,
        _ parts: Parts,
        in team: RankTeam = RankTeam()
    ) throws {
        guard parts.training.count > 0 else { throw TrainingError.tooFewExamples(kept: 0, needed: 1) }
        guard parts.validation.count > 0 else { throw TrainingError.nothingToJudgeBy }
        (self.settings, self.team) = (settings, team)
        model = ModelLayers(shape)
        try model.layout.checkFrozen()
        state = try TrainingState(settings, model.layout, from: parts.start, in: team)
        judgesFirst = parts.start != nil
        (run, judge, export) = (parts.run, parts.judge, parts.export)
        let found = try parts.run?.latestWholeCheckpoint()
        damages = found?.damages ?? []
        try state.read { found?.path }
        state.progress.monitor.policy = settings.health
        gradients = GradientStep(settings, model, state, team)
        reader = BatchReader(
            parts.training,
            tokens: settings.batchTokens,
            seed: settings.seed,
            from: state.progress.position
        )
        validation = parts.validation.batches(tokens: settings.batchTokens)
    }

    /// Why a run ended.
    package enum Ending: Equatable, Sendable {
        case completed
        /// No better validation for as long as patience lasts.
        case outOfPatience
        /// All the time there was for it has passed.
        case outOfTime
        /// The caller asked for it; the run can go on from here.
        case stopped
        case unhealthy(String)
    }

    /// Steps until the last, or until something ends the run; a checkpoint of the end is left in any case but sickness.
    ///
    /// - Parameters:
    ///   - isStopping: asked before every step, on the thread that calls; rank 0's answer counts.
    ///   - tell: told on the same thread; what it throws ends the run without a checkpoint.
    ///
    /// - Throws: what `tell` and the judge throw, and errors of writing checkpoints and models; `RanksError`.
    package func train(isStopping: () -> Bool, _ tell: (TrainingEvent) throws -> Void) throws -> Ending {
        if isTired { return .outOfPatience }
        if judgesFirst, state.progress.step == 0, state.progress.best == nil, let ending = try validate(tell) {
            return ending
        }
        while !isOver {
            if try team.first(isStopping() ? 1 : 0) == 1 {
                try save()
                return .stopped
            }
            var ending = try step(tell)
            let step = state.progress.step
            if ending == nil, step % settings.validateEvery == 0 || isOver { ending = try validate(tell) }
            if case .unhealthy = ending { return ending ?? .completed }
            if ending != nil || isOver || step % settings.saveEvery == 0 { try save() }
            if let ending { return ending }
        }
        return state.progress.step < settings.steps ? .outOfTime : .completed
    }

    private var isOver: Bool {
        state.progress.step >= settings.steps || state.progress.seconds >= settings.maximumSeconds ?? .infinity
    }

    /// One step: batches, gradients, judgement, and the change of the weights.
    private func step(_ tell: (TrainingEvent) throws -> Void) throws -> Ending? {
        let started = ContinuousClock.now
        let batches = (0..<settings.accumulation).map { _ in reader.next() }
        let step = state.progress.step + 1
        let outcome = try gradients.gradients(of: batches, step: step)
        let objective = outcome.loss.objective(settings.regularization)
        let norms = try gradients.norms()
        let diagnosis = state.progress.monitor.judge(
            HealthMonitor.Step(
                objective: objective,
                norms: norms,
                routing: outcome.routing,
                parameters: model.layout.parameters
            )
        )
        let rate = settings.learningRate(step) * state.progress.monitor.rateScale
        if diagnosis?.spoilsStep != true { gradients.update(rate: Float(rate), norms) }
        let tokens = batches.reduce(0) { $0 + $1.tokens }
        let seconds = try team.first((ContinuousClock.now - started) / .seconds(1))
        (state.progress.step, state.progress.position) = (step, reader.position)
        state.progress.tokens += tokens
        state.progress.seconds += seconds
        state.progress.totals.add(outcome, objective: objective, tokens: tokens, seconds: seconds)
        if step % settings.logEvery == 0 || isOver {
            let layers = norms.layers(model.layout.parameters)
            try tell(.step(StepReport(state.progress, rate: rate, norm: norms.global, layerNorms: layers)))
            state.progress.totals = StepTotals()
        }
        return try diagnosis.flatMap { try act(on: $0, tell) }
    }

    private func act(on diagnosis: Diagnosis, _ tell: (TrainingEvent) throws -> Void) throws -> Ending? {
        try tell(.diagnosis(HealthReport(step: state.progress.step, diagnosis)))
        switch diagnosis.remedy {
        case .report, .recover: return nil
        case .stop: return .unhealthy("\(diagnosis.ailment.rawValue): \(diagnosis.finding); \(diagnosis.advice)")
        }
    }

    /// Judges the model and keeps it when it is the best so far.
    private func validate(_ tell: (TrainingEvent) throws -> Void) throws -> Ending? {
        let outcome = try gradients.workers.evaluate(validation, state.served)
        let weights = try state.gatheredWeights().map { TrainedWeights($0, model) }
        let result = Validation(step: state.progress.step, outcome, bleu: try bleu(of: weights))
        try tell(.validation(result))
        if let best = state.progress.best, !result.isBetter(than: best) {
            state.progress.validationsSinceBest += 1
        } else {
            (state.progress.best, state.progress.validationsSinceBest) = (result, 0)
            if let weights { try run?.fill("best") { try export.write(weights, result, to: $0) } }
        }
        try team.awaitFirst()
        if let diagnosis = state.progress.monitor.judge(validation: result.loss),
            let ending = try act(on: diagnosis, tell)
        {
            return ending
        }
        return isTired ? .outOfPatience : nil
    }

    /// There has been no better validation for as long as patience lasts.
    private var isTired: Bool { settings.patience > 0 && state.progress.validationsSinceBest >= settings.patience }

    /// Rank 0's judgement of weights that it alone has; nil where there is no judge.
    private func bleu(of weights: TrainedWeights?) throws -> Double? {
        guard let judge else { return nil }
        let bits = try team.byFirst { try weights.map { try judge($0).bitPattern } ?? 0 }
        return Double(bitPattern: bits)
    }

    private func save() throws {
        if team.isFirst {
            try run?.save(step: state.progress.step, keep: settings.keep) { try state.write(to: $0) }
        } else {
            try state.handOver()
        }
        try team.awaitFirst()
    }
}
