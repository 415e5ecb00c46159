/// One change to the scores of the next token.
///
/// Made once per request, applied to a row at a time on any thread: holds what never changes while the request runs.
protocol LogitsProcessor: Sendable {
    /// Changes `scores`, `[vocabulary]`: raw logits when sampling, log-probabilities in beam search.
    func apply(to scores: inout [Float], after output: OutputSoFar)
}

extension Float {
    /// No processed score is greater: the sum of two of them is still a number, and so is their probability.
    static let greatestScore: Float = 1e30
}

/// The decoder's tokens before the one that is scored.
struct OutputSoFar {
    /// Start token, forced tokens, generated tokens.
    let tokens: [Int32]
    /// How many of the last tokens were generated.
    let generated: Int
}
