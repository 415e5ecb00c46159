/// One continuation in an answer.
struct ScoredContinuation: Encodable, Equatable, Sendable {
    let tokens: [Int32]
    /// Natural logarithms of the tokens' probabilities, as answers carry them.
    let logprobs: [Float]
    /// Their sum.
    let sum: Double

    enum CodingKeys: String, CodingKey {
        case tokens = "token_ids"
        case logprobs = "token_logprobs"
        case sum = "cumulative_logprob"
    }

    init(tokens: [Int32], logprobs: [Float]) {
        self.tokens = tokens
        self.logprobs = logprobs.map(\.asLogprob)
        sum = self.logprobs.reduce(0) { $0 + Double($1) }
    }
}
