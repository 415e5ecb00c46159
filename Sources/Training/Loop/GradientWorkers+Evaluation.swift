package import Ranks
package import Tensors

extension GradientWorkers {
    /// The loss of all of some batches with the weights of `values`, nothing random about it.
    ///
    /// An expert takes what it takes where the model is served. Router losses are added up over the batches, not
    /// averaged.
    ///
    /// - Parameter values: `[layout.count]`.
    package func evaluate(_ batches: [[Example]], _ values: FloatBuffer) throws(RanksError) -> Outcome {
        let judge = GradientWorkers(judging: self, values: values)
        var sum = Outcome()
        for batch in batches {
            let outcome = try judge.loss(batch)
            sum.loss.add(outcome.loss)
            sum.routing = sum.routing.isEmpty ? outcome.routing : LayerRouting.sum([sum.routing, outcome.routing])
        }
        return sum
    }
}

extension Validation {
    init(step: Int, _ outcome: GradientWorkers.Outcome, bleu: Double?) {
        self.step = step
        (loss, perplexity, accuracy) = (outcome.loss.mean, outcome.loss.perplexity, outcome.loss.accuracy)
        self.bleu = bleu
        imbalance = outcome.routing.map(\.imbalance).max() ?? 1
        dropped = outcome.routing.map(\.droppedShare).max() ?? 0
    }
}
