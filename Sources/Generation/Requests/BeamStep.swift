/// What one step of a beam search looked at, and what became of it.
///
/// All steps of a search lead to its answer: a hypothesis is a chain of kept candidates with one that finished at its end,
/// and the best of those that finished, earlier ones before equals, are the beams that are returned.
package struct BeamStep: Equatable, Sendable {
    /// One more token for one beam.
    package struct Candidate: Equatable, Sendable {
        /// The beam it continues: the place that a candidate of the step before was kept at; 0 at the first step.
        package var parent: Int
        /// Inside the vocabulary.
        package var token: Int32
        /// Natural logarithm of the token's probability under the model, before constraints.
        package var logprob: Float
        /// Sum of processed log-probabilities up to this token, the one that beams are compared by.
        package var score: Float
        /// Its place among the beams that go on, 0 for the best; nil for one that does not.
        package var beam: Int?
        /// The length-normalised score of a hypothesis that ended with it; nil for one that did not.
        package var finishedScore: Float?

        package init(
            parent: Int,
            token: Int32,
            logprob: Float,
            score: Float,
            beam: Int? = nil,
            finishedScore: Float? = nil
        ) {
            (self.parent, self.token) = (parent, token)
            (self.logprob, self.score) = (logprob, score)
            (self.beam, self.finishedScore) = (beam, finishedScore)
        }
    }

    /// Tokens generated before it.
    package var number: Int
    /// In the order in which the search took them: best first, drawn ones as they were drawn.
    ///
    /// At most 1 + end tokens, but 2 at least, for each beam.
    package var candidates: [Candidate]
    /// The search ends with it: what was kept goes on no more.
    package var isLast: Bool

    package init(number: Int, candidates: [Candidate], isLast: Bool) {
        (self.number, self.candidates, self.isLast) = (number, candidates, isLast)
    }
}
