/// Beam search as transformers 5.23.0 does it.
package struct BeamParameters: Equatable, Sendable {
    package enum EarlyStopping: Equatable, Sendable {
        case never
        case heuristic
        case whenFull
    }

    package var beams = 4
    package var returned = 1
    package var lengthPenalty: Float = 1
    package var earlyStopping = EarlyStopping.heuristic
    /// Beam sampling: candidates are drawn, not the best taken; nil for beam search.
    package var draw: Draw? = nil

    /// How candidates are drawn.
    package struct Draw: Equatable, Sendable {
        /// Act on each beam's processed log-probabilities before the beam's sum is added.
        package var filters: Sampling.Filters
        package var seed: UInt64

        package init(filters: Sampling.Filters, seed: UInt64 = 0) {
            self.filters = filters
            self.seed = seed
        }
    }

    package init() {}
}
