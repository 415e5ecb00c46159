import Ranks
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

    /// - Precondition: the workers of the settings can be shared out evenly over the team.
    init(_ settings: TrainingSettings, _ model: ModelLayers, _ state: TrainingState, _ team: RankTeam) {
        precondition(settings.workers % team.count == 0, "\(settings.workers) workers for \(team.count) ranks")
        (self.settings, self.state) = (settings, state)
        working = settings.precision == .float32 ? state.values : FloatBuffer(count: model.layout.count)
        workers = GradientWorkers(
            model,
            values: working,
            settings.regularization,
            on: Workers(threads: settings.workers / team.count),
            in: team
        )
        round()
    }

    /// Computes the gradients of some batches together.
    ///
    /// - Parameter step: the number of the step, which decides everything random.
    func gradients(of batches: [[Example]], step: Int) throws(RanksError) -> GradientWorkers.Outcome {
        workers.clear()
        let labels = batches.reduce(0) { $0 + $1.labelCount }
        var sum = GradientWorkers.Outcome()
        for (index, batch) in batches.enumerated() {
            let noise = Noise(seed: settings.seed, UInt64(step), UInt64(index))
            let outcome = try workers.add(batch, labels: labels, noise)
            sum.loss.negativeLogLikelihood += outcome.loss.negativeLogLikelihood
            sum.loss.smoothed += outcome.loss.smoothed
            sum.loss.labels += outcome.loss.labels
            sum.loss.hits += outcome.loss.hits
            sum.loss.router.add(outcome.loss.router, weight: Double(batch.labelCount) / Double(max(labels, 1)))
            sum.routing = sum.routing.isEmpty ? outcome.routing : LayerRouting.sum([sum.routing, outcome.routing])
        }
        try workers.reduce()
        return sum
    }

    /// How large the gradients are, wherever they are.
    func norms() throws(RanksError) -> GradientNorms {
        let (all, share) = (state.layout.parameters, workers.share)
        let kept = all.indices.filter { share.learns(all[$0]) }
        let own = GradientNorms.squares(workers.gradients, kept.map { all[$0] }, on: workers.workers)
        var squares = Array(repeating: 0.0, count: all.count)
        for (index, square) in zip(kept, own) { squares[index] = square }
        try workers.team.gather { message in
            for (index, square) in zip(kept, own) where all[index].expert != nil {
                message.append(bits: square.bitPattern)
            }
        } _: { rank, reader throws(RanksError) in
            for (index, parameter) in all.enumerated() where parameter.isLearnt && parameter.expert != nil {
                guard share.keeps(parameter, at: rank) else { continue }
                squares[index] = Double(bitPattern: try reader.bits("squares"))
            }
        }
        return GradientNorms(squares: squares)
    }

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
        let share = Float(1 - min(decay, (1 + steps) / (10 + steps)))
        for range in state.share.kept { average[range].blend(state.values[range], share: share) }
    }

    /// Fills what passes read, when that is not the values themselves.
    private func round() {
        guard working !== state.values else { return }
        for parameter in state.layout.parameters where state.share.keeps(parameter) {
            let (value, rounded) = (state.values[parameter.range], working[parameter.range])
            switch parameter.role {
            case .embedding, .head, .matrix: rounded.roundToBFloat16(value)
            case .router, .norm, .bias: rounded.copy(value)
            }
        }
    }
}
