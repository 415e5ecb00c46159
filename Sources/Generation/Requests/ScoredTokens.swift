/// What is to be told of the tokens that could come after a prompt, none of which is generated.
///
/// They come after the start token and the forced ones, or after a language model's prompt.
package struct ScoredTokens: Equatable, Sendable {
    /// Positions whose scores over the vocabulary are taken in one step, unless there is room for fewer.
    package static let mostPerStep = 32

    /// Tokens whose probability as the very next one is wanted.
    package var labels: [Int32]
    /// Runs of tokens whose probability is wanted, token by token; none is empty.
    package var continuations: [[Int32]]
    /// Positions whose scores are taken in one step, at least 1: decoder rows that the request occupies.
    package let perStep: Int

    /// - Parameter perStep: the rows that one request may have; no more than `mostPerStep` are taken.
    package init(labels: [Int32] = [], continuations: [[Int32]] = [], perStep: Int = mostPerStep) {
        (self.labels, self.continuations) = (labels, continuations)
        self.perStep = max(min(perStep, Self.mostPerStep), 1)
    }

    /// Tokens of all continuations.
    package var tokens: Int { continuations.reduce(0) { $0 + $1.count } }

    /// Labels and tokens of all continuations.
    package var told: Int { labels.count + tokens }

    /// Of each continuation what the decoder has to read: the last token's probability is known before it.
    var read: [ArraySlice<Int32>] { continuations.map { $0.dropLast() } }

    /// Positions whose scores are taken: the last before the continuations, and all that are read of these.
    package var positions: Int { 1 + tokens - continuations.count }
}

/// Natural logarithms of the probabilities under the model that were asked for.
package struct PromptScores: Equatable, Sendable {
    /// Of each label as the next token.
    package var labels: [Float]
    /// Of each token of each continuation, given those before it.
    package var continuations: [[Float]]

    package init(labels: [Float], continuations: [[Float]]) {
        (self.labels, self.continuations) = (labels, continuations)
    }
}
