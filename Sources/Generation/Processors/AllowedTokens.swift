/// vLLM's `allowed_token_ids`: every other token is ruled out.
struct AllowedTokens: LogitsProcessor {
    private let tokens: [Int32]

    /// nil when all are allowed.
    init?(_ tokens: [Int32]?) {
        guard let tokens else { return nil }
        self.tokens = Set(tokens).sorted()
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        var next = 0
        for token in tokens.map(Int.init) {
            for other in next..<token { scores[other] = -.infinity }
            next = token + 1
        }
        for other in next..<scores.count { scores[other] = -.infinity }
    }
}

/// transformers' `ForcedBOSTokenLogitsProcessor`: the only token that may follow a lone start token.
///
/// It does not act after forced tokens: then the output is longer already. Its score is 0, whatever it was.
struct ForcedFirstToken: LogitsProcessor {
    private let token: Int32

    /// nil when there is none.
    init?(_ token: Int32?) {
        guard let token else { return nil }
        self.token = token
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        if output.tokens.count == 1 { scores.allow(only: [token], score: 0) }
    }
}

/// transformers' `SuppressTokensLogitsProcessor` and `SuppressTokensAtBeginLogitsProcessor`: tokens that are ruled out,
/// always or at one step.
struct SuppressedTokens: LogitsProcessor {
    private let tokens: [Int32]
    private let step: Int?

    /// nil when there are none.
    ///
    /// - Parameter step: generated tokens before the one they are ruled out for; nil for every one.
    init?(_ tokens: [Int32], atStep step: Int?) {
        guard !tokens.isEmpty else { return nil }
        (self.tokens, self.step) = (tokens, step)
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        if let step, output.generated != step { return }
        for token in tokens { scores[Int(token)] = -.infinity }
    }
}

extension [Float] {
    /// Rules out all tokens but these, which get the score.
    mutating func allow(only tokens: [Int32], score: Float) {
        for index in indices { self[index] = -.infinity }
        for token in tokens { self[Int(token)] = score }
    }
}
