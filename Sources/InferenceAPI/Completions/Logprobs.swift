import Generation

/// Log-probabilities of a completion in OpenAI's legacy shape: arrays with one entry per token.
struct Logprobs: Encodable, Equatable, Sendable {
    var tokens: [String] = []
    /// nil for the first token of a prompt, which follows nothing.
    var tokenLogprobs: [Float?] = []
    var topLogprobs: [[String: Float]?] = []
    /// Where in the text of the choice each token begins, in code points, however tokens are written.
    var textOffset: [Int] = []

    enum CodingKeys: String, CodingKey {
        case tokens
        case tokenLogprobs = "token_logprobs"
        case topLogprobs = "top_logprobs"
        case textOffset = "text_offset"
    }

    /// - Parameter text: how tokens are written where this one is.
    mutating func append(_ token: GeneratedToken, at offset: Int, text: (Int32) -> String) {
        var top: [String: Float] = [:]
        for (id, logprob) in token.top.reversed() { top[text(id)] = logprob.asLogprob }
        top[text(token.id)] = token.logprob.asLogprob
        append(text(token.id), token.logprob.asLogprob, top, offset)
    }

    /// Takes a token that nothing was before.
    mutating func append(first text: String) {
        append(text, nil, nil, 0)
    }

    private mutating func append(_ text: String, _ logprob: Float?, _ top: [String: Float]?, _ offset: Int) {
        tokens.append(text)
        tokenLogprobs.append(logprob)
        topLogprobs.append(top)
        textOffset.append(offset)
    }

    /// Removes the tokens that begin behind the first `count` code points of the text, and returns them.
    mutating func removeTokens(after count: Int) -> Logprobs? {
        guard let first = textOffset.firstIndex(where: { $0 > count }) else { return nil }
        let removed = Logprobs(
            tokens: Array(tokens[first...]),
            tokenLogprobs: Array(tokenLogprobs[first...]),
            topLogprobs: Array(topLogprobs[first...]),
            textOffset: Array(textOffset[first...])
        )
        tokens.removeSubrange(first...)
        tokenLogprobs.removeSubrange(first...)
        topLogprobs.removeSubrange(first...)
        textOffset.removeSubrange(first...)
        return removed
    }

    /// Moves tokens that were cut off to the end of a text of `count` code points.
    mutating func endText(at count: Int) {
        textOffset = textOffset.map { min($0, count) }
    }

    mutating func append(_ more: Logprobs) {
        tokens += more.tokens
        tokenLogprobs += more.tokenLogprobs
        topLogprobs += more.topLogprobs
        textOffset += more.textOffset
    }
}
