/// Beam search as transformers 5.23.0 does it.
package struct BeamParameters: Equatable, Sendable {
    /// When a search with as many finished hypotheses as beams ends: `early_stopping` of transformers.
    package enum EarlyStopping: Equatable, Sendable {
        /// When no running beam could beat the worst of them at any length: `"never"`.
        case never
        /// When the best running beam, at its present length, does not beat the worst of them: `False`.
        case heuristic
        /// At once: `True`.
        case whenFull
    }

    /// Hypotheses kept at each step, at least 1.
    package var beams = 4
    /// Best ones that are answered with, at most as many as beams.
    package var returned = 1
    /// Scores are divided by the length to this power: above 0 favours long ones, below 0 short ones.
    package var lengthPenalty: Float = 1
    package var earlyStopping = EarlyStopping.heuristic
    /// Beam sampling: candidates are drawn, not the best taken; nil for beam search.
    package var draw: Draw? = nil

    /// How candidates are drawn.
    package struct Draw: Equatable, Sendable {
        /// Act on each beam's processed log-probabilities before the beam's sum is added.
        package var filters: Sampling.Filters
        /// The same candidates are drawn for the same seed, whatever else is running.
        package var seed: UInt64

        package init(filters: Sampling.Filters, seed: UInt64 = 0) {
            self.filters = filters
            self.seed = seed
        }
    }

    package init() {}
}
