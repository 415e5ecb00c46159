import Foundation
import Tensors

/// Runs the loop: steps, validations, checkpoints, and what the health monitor asks for.
///
/// Used by one thread, which is not of the cooperative pool.
package final class Trainer {
    /// Scores what a model makes of validation sources, from 0 to 100.
    package typealias Judge = (_ weights: TrainedWeights) throws -> Double

    package let settings: TrainingSettings
    package let state: TrainingState
    package let model: ModelLayers
    private let run: RunDirectory
    private let gradients: GradientWorkers
    private let validation: [[Example]]
    private let judge: Judge?
    private let export: ModelExport
    private var reader: BatchReader
    private var totals = StepTotals()
    private var lastNorm = 0.0
    /// What passes read: the state's values, or these rounded.
    private let working: FloatBuffer

    /// What a run is made of.
    package struct Parts {
        package var run: RunDirectory
        package var training: any ExampleSource
        package var validation: any ExampleSource
        package var judge: Judge?
        package var export: ModelExport

        package init(
            run: RunDirectory,
            training: any ExampleSource,
            validation: any ExampleSource,
            judge: Judge?,
            export: ModelExport
        ) {
            (self.run, self.training, self.validation) = (run, training, validation)
            (self.judge, self.export) = (judge, export)
        }
    }

    /// Begins a run, or goes on with the latest checkpoint of its directory.
    package init(_ settings: TrainingSettings, _ shape: ModelShape, _ parts: Parts) throws {
        guard parts.training.count > 0 else { throw TrainingError.tooFewExamples(kept: 0, needed: 1) }
        self.settings = settings
        model = ModelLayers(shape)
        state = TrainingState(settings, model.layout)
        (run, judge, export) = (parts.run, parts.judge, parts.export)
        if let checkpoint = run.latestCheckpoint { try state.read(from: checkpoint) }
        working = settings.precision == .float32 ? state.values : FloatBuffer(count: model.layout.count)
        let workers = Workers(threads: settings.workers)
        gradients = GradientWorkers(model, values: working, settings.regularization, on: workers)
        reader = BatchReader(
            parts.training,
            tokens: settings.batchTokens,
            seed: settings.seed,
            from: state.progress.position
        )
        validation = Self.batches(parts.validation, tokens: settings.batchTokens)
        round()
    }

    /// Why a run ended.
    package enum Ending: Equatable, Sendable {
        case completed
        /// No better validation for as long as patience lasts.
        case outOfPatience
        /// The caller asked for it; the run can go on from here.
        case stopped
        case unhealthy(String)
    }

    /// Steps until the last, or until something ends the run; a checkpoint of the end is left in any case but sickness.
    package func train(isStopping: () -> Bool, _ tell: (TrainingEvent) throws -> Void) throws -> Ending {
        var ending: Ending?
        while ending == nil, state.progress.step < settings.steps {
            if isStopping() {
                ending = .stopped
                break
            }
            ending = try step(tell)
            let step = state.progress.step
            let isLast = step == settings.steps
            if ending == nil, step % settings.validateEvery == 0 || isLast { ending = try validate(tell) }
            if ending == nil, step % settings.saveEvery == 0, !isLast { try save() }
        }
        if case .unhealthy = ending { return ending ?? .completed }
        try save()
        return ending ?? .completed
    }

    /// One step: batches, gradients, judgement, and the change of the weights.
    private func step(_ tell: (TrainingEvent) throws -> Void) throws -> Ending? {
        let started = ContinuousClock.now
        let batches = (0..<settings.accumulation).map { _ in reader.next() }
        let step = state.progress.step + 1
        let outcome = gradients(of: batches, step: step)
        let objective = outcome.loss.objective(settings.regularization)
        let norms = GradientNorms(gradients.gradients, model.layout, on: gradients.workers)
        let diagnosis = state.progress.monitor.judge(
            HealthMonitor.Step(
                objective: objective,
                norms: norms,
                routing: outcome.routing,
                parameters: model.layout.parameters
            )
        )
        let rate = settings.learningRate(step) * state.progress.rateScale
        if !isLeftOut(diagnosis) { update(rate: Float(rate), norms) }
        state.progress.step = step
        state.progress.position = reader.position
        state.progress.tokens += batches.reduce(0) { $0 + $1.tokens }
        lastNorm = norms.global
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        totals.add(outcome, objective: objective, tokens: batches.reduce(0) { $0 + $1.tokens }, seconds: seconds)
        if step % settings.logEvery == 0 || step == settings.steps {
            let epoch = state.progress.position.epoch
            try tell(.step(totals.report(step: step, epoch: epoch, rate: rate, norm: lastNorm)))
            totals = StepTotals()
        }
        return try diagnosis.flatMap { try act(on: $0, tell) }
    }

    private func gradients(of batches: [[Example]], step: Int) -> GradientWorkers.Outcome {
        gradients.clear()
        let labels = batches.reduce(0) { $0 + $1.labelCount }
        var sum = GradientWorkers.Outcome()
        for (index, batch) in batches.enumerated() {
            let noise = Noise(seed: settings.seed, UInt64(step), UInt64(index))
            let outcome = gradients.add(batch, labels: labels, noise)
            sum.loss.negativeLogLikelihood += outcome.loss.negativeLogLikelihood
            sum.loss.smoothed += outcome.loss.smoothed
            sum.loss.labels += outcome.loss.labels
            sum.loss.hits += outcome.loss.hits
            sum.loss.router.add(outcome.loss.router, weight: Double(batch.labelCount) / Double(max(labels, 1)))
            sum.routing = sum.routing.isEmpty ? outcome.routing : LayerRouting.sum([sum.routing, outcome.routing])
        }
        gradients.reduce()
        return sum
    }

    private func isLeftOut(_ diagnosis: Diagnosis?) -> Bool {
        guard let diagnosis else { return false }
        switch diagnosis.ailment {
        case .notFinite: return true
        case .exploding: return diagnosis.remedy != .report
        case .diverged, .vanishing, .collapsedRouting, .overfitting: return false
        }
    }

    private func update(rate: Float, _ norms: GradientNorms) {
        let scale = norms.scale(maximum: settings.optimizer.maximumNorm)
        state.optimizer.step(
            state.values,
            gradients.gradients,
            rate: rate,
            gradientScale: scale,
            on: gradients.workers
        )
        state.progress.updates = state.optimizer.steps
        round()
        guard let average = state.average, let decay = settings.averageDecay else { return }
        // Early on the past is short: the average is over what there is.
        let steps = Double(state.progress.updates)
        average.all.blend(state.values.all, share: Float(1 - min(decay, (1 + steps) / (10 + steps))))
    }

    /// Fills what passes read, when that is not the values themselves.
    private func round() {
        guard working !== state.values else { return }
        for parameter in model.layout.parameters {
            let (value, rounded) = (state.values[parameter.range], working[parameter.range])
            switch parameter.role {
            case .embedding, .head, .matrix: rounded.roundToBFloat16(value)
            case .router, .norm, .bias: rounded.copy(value)
            }
        }
    }

    private func act(on diagnosis: Diagnosis, _ tell: (TrainingEvent) throws -> Void) throws -> Ending? {
        try tell(.diagnosis(HealthReport(step: state.progress.step, diagnosis)))
        switch diagnosis.remedy {
        case .report: return nil
        case .recover:
            state.progress.rateScale /= 2
            return nil
        case .stop: return .unhealthy("\(diagnosis.ailment.rawValue): \(diagnosis.finding); \(diagnosis.advice)")
        }
    }

    /// Judges the model and keeps it when it is the best so far.
    private func validate(_ tell: (TrainingEvent) throws -> Void) throws -> Ending? {
        guard !validation.isEmpty else { return nil }
        let weights = TrainedWeights(state.served, model)
        let result = Validation(
            step: state.progress.step,
            gradients.evaluate(validation, state.served),
            bleu: try judge.map { try $0(weights) }
        )
        try tell(.validation(result))
        if let best = state.progress.best, !result.isBetter(than: best) {
            state.progress.validationsSinceBest += 1
        } else {
            (state.progress.best, state.progress.validationsSinceBest) = (result, 0)
            try run.fill("best") { try export.write(weights, result, to: $0) }
        }
        if let diagnosis = state.progress.monitor.judge(validation: result.loss),
            let ending = try act(on: diagnosis, tell)
        {
            return ending
        }
        let isTired = settings.patience > 0 && state.progress.validationsSinceBest >= settings.patience
        return isTired ? .outOfPatience : nil
    }

    private func save() throws {
        try run.save(step: state.progress.step, keep: settings.keep) { try state.write(to: $0) }
    }

    /// All examples of a source, in order, in batches of so many tokens.
    package static func batches(_ source: any ExampleSource, tokens: Int) -> [[Example]] {
        var batches: [[Example]] = []
        var sum = 0
        for index in 0..<source.count {
            let example = source.example(index, epoch: 0)
            if batches.isEmpty || sum + example.tokens > tokens {
                batches.append([])
                sum = 0
            }
            batches[batches.count - 1].append(example)
            sum += example.tokens
        }
        return batches
    }
}
