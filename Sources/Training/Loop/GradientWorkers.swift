package import Tensors

/// Computes losses and gradients of batches, a part on each thread.
///
/// Every worker has gradients and activations of its own; their sum is taken in the order of the workers, so that a batch
/// has the same gradients whichever thread finishes first. The number of workers does change the last bits, and which
/// rows share a capacity that is a factor.
package final class GradientWorkers {
    package let model: ModelLayers
    /// The parameters that passes read, `[layout.count]`: lent, and changed by their owner only between batches.
    package let values: FloatBuffer
    package let regularization: Regularization
    package let workers: Workers
    private let passes: [Pass]

    /// Gives each of the workers gradients of its own, `[layout.count]`, all 0.
    ///
    /// Sets OpenBLAS to one thread, for the whole process.
    package convenience init(
        _ model: ModelLayers,
        values: FloatBuffer,
        _ regularization: Regularization,
        on workers: Workers
    ) {
        let passes = (0..<workers.threads).map { _ in
            Pass(values: values, gradients: FloatBuffer(count: model.layout.count), regularization)
        }
        self.init(model, values, regularization, workers, passes)
    }

    /// Only judges: knows no gradients, and nothing random.
    ///
    /// An expert takes what the model's shape says; `evaluate` has it take what it takes where the model is served.
    package convenience init(judging model: ModelLayers, values: FloatBuffer, on workers: Workers) {
        let passes = (0..<workers.threads).map { _ in Pass(values: values, gradients: FloatBuffer(count: 0), .none) }
        self.init(model, values, .none, workers, passes)
    }

    private init(
        _ model: ModelLayers,
        _ values: FloatBuffer,
        _ regularization: Regularization,
        _ workers: Workers,
        _ passes: [Pass]
    ) {
        MatrixProducts.useOneThread()
        (self.model, self.values, self.regularization) = (model, values, regularization)
        (self.workers, self.passes) = (workers, passes)
    }

    /// Judges with other weights, in the memory of `other`'s activations; knows no gradients.
    ///
    /// An expert takes what it takes where the model is served: so much of each sequence.
    convenience init(judging other: GradientWorkers, values: FloatBuffer) {
        let calm = other.regularization.withoutNoise
        let passes = other.passes.map {
            Pass(values: values, gradients: FloatBuffer(count: 0), arena: $0.arena, calm)
        }
        var shape = other.model.shape
        shape.capacity = .perSequence
        self.init(ModelLayers(shape), values, calm, other.workers, passes)
    }

    /// What the last batches' gradients add up to, `[layout.count]`, valid after `reduce` and until `clear`.
    package var gradients: FloatBuffer { passes[0].gradients }

    /// What became of one batch.
    package struct Outcome: Equatable, Sendable {
        /// Sums over the batch's labels; router losses are means over its parts.
        package var loss = LossSum()
        /// A sum over the batch for each sparse layer, the encoder's before the decoder's.
        package var routing: [LayerRouting] = []
    }

    /// Forgets the gradients of all workers.
    package func clear() {
        workers.forEach(passes.count) { index, _ in passes[index].gradients.all.clear() }
    }

    /// Adds the gradients of a batch to what the workers hold.
    ///
    /// Called by one thread at a time, as is everything here.
    ///
    /// - Parameters:
    ///   - labels: those of all batches whose gradients are added up: each label's loss counts by one over it.
    ///   - noise: decides everything random.
    package func add(_ batch: [Example], labels: Int, _ noise: Noise) -> Outcome {
        let weight = 1 / Double(max(labels, 1))
        let batchShare = Double(batch.labelCount) * weight
        return run(batch, noise) { part, pass, share in
            pass.routerLossShare = share * batchShare
            return self.model.addGradients(part, weight: weight, pass)
        }
    }

    /// The loss of a batch, with everything random that there is in training, but without gradients.
    func loss(_ batch: [Example]) -> Outcome {
        run(batch, Noise(seed: 0)) { part, pass, _ in self.model.loss(part, pass) }
    }

    private func run(
        _ batch: [Example],
        _ noise: Noise,
        _ body: (ArraySlice<Example>, Pass, _ share: Double) -> LossSum
    ) -> Outcome {
        let parts = batch.parts(passes.count)
        let total = Double(max(batch.tokens, 1))
        let shares = parts.map { Double($0.reduce(0) { $0 + $1.tokens }) / total }
        var losses = Array(repeating: LossSum(), count: parts.count)
        var streams = noise
        let keys = parts.map { _ in Noise(seed: streams.next()) }
        losses.withUnsafeMutableBufferPointer { losses in
            workers.forEach(parts.count) { index, _ in
                passes[index].begin(keys[index])
                losses[index] = body(parts[index], passes[index], shares[index])
            }
        }
        var outcome = Outcome()
        for (loss, share) in zip(losses, shares) {
            outcome.loss.add(loss)
            outcome.loss.router.add(loss.router, weight: share - 1)
        }
        outcome.routing = LayerRouting.sum(zip(parts, passes).compactMap { $0.isEmpty ? nil : $1.routing })
        return outcome
    }

    /// Adds the gradients of all workers up into those of the first.
    package func reduce() {
        let count = model.layout.count
        let tile = 1 << 18
        workers.forEach((count + tile - 1) / tile) { index, _ in
            let range = index * tile..<min((index + 1) * tile, count)
            for pass in passes.dropFirst() { passes[0].gradients[range].add(pass.gradients[range]) }
        }
    }
}
