import Tensors

/// The gradients of one step after another, and what they make of the weights.
///
/// Used by one thread at a time.
final class GradientStep {
    let workers: GradientWorkers
    private let settings: TrainingSettings
    private let state: TrainingState
    /// What passes read: the state's values, or these rounded.
    private let working: FloatBuffer

    init(_ settings: TrainingSettings, _ model: ModelLayers, _ state: TrainingState) {
        (self.settings, self.state) = (settings, state)
        working = settings.precision == .float32 ? state.values : FloatBuffer(count: model.layout.count)
        workers = GradientWorkers(
            model,
            values: working,
            settings.regularization,
            on: Workers(threads: settings.workers)
        )
        round()
    }

    /// Computes the gradients of some batches together.
    ///
    /// - Parameter step: the number of the step, which decides everything random.
    func gradients(of batches: [[Example]], step: Int) -> GradientWorkers.Outcome {
        workers.clear()
        let labels = batches.reduce(0) { $0 + $1.labelCount }
        var sum = GradientWorkers.Outcome()
        for (index, batch) in batches.enumerated() {
            let noise = Noise(seed: settings.seed, UInt64(step), UInt64(index))
            let outcome = workers.add(batch, labels: labels, noise)
            sum.loss.negativeLogLikelihood += outcome.loss.negativeLogLikelihood
            sum.loss.smoothed += outcome.loss.smoothed
            sum.loss.labels += outcome.loss.labels
            sum.loss.hits += outcome.loss.hits
            sum.loss.router.add(outcome.loss.router, weight: Double(batch.labelCount) / Double(max(labels, 1)))
            sum.routing = sum.routing.isEmpty ? outcome.routing : LayerRouting.sum([sum.routing, outcome.routing])
        }
        workers.reduce()
        return sum
    }

    /// How large the gradients are.
    var norms: GradientNorms { GradientNorms(workers.gradients, state.layout, on: workers.workers) }

    /// Changes the weights by the gradients, and their average by the weights.
    func update(rate: Float, _ norms: GradientNorms) {
        let scale = norms.scale(maximum: settings.optimizer.maximumNorm)
        state.optimizer.step(
            state.values,
            workers.gradients,
            rate: rate,
            gradientScale: scale,
            on: workers.workers
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
        for parameter in state.layout.parameters {
            let (value, rounded) = (state.values[parameter.range], working[parameter.range])
            switch parameter.role {
            case .embedding, .head, .matrix: rounded.roundToBFloat16(value)
            case .router, .norm, .bias: rounded.copy(value)
            }
        }
    }
}
