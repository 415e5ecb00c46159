/// One generated token, shared by every hypothesis that goes through it.
final class BeamNode: Sendable {
    let id: Int32
    /// Under the model, before constraints.
    let logprob: Float
    let top: [(id: Int32, logprob: Float)]

    init(id: Int32, logprob: Float, top: [(id: Int32, logprob: Float)]) {
        self.id = id
        self.logprob = logprob
        self.top = top
    }
}

/// The generated tokens of one beam.
struct BeamHypothesis {
    var path: [BeamNode] = []
    /// Sum of its tokens' processed log-probabilities.
    var score: Float
    var tokens: [Int32] { path.map(\.id) }
}

/// A hypothesis that ended.
struct FinishedHypothesis {
    let hypothesis: BeamHypothesis
    let reason: FinishReason
    /// Sum of log-probabilities over length to the power of the length penalty.
    let normalizedScore: Float
}
