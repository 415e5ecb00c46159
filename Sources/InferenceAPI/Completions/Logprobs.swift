import Generation

/// Log-probabilities of a completion in OpenAI's legacy shape: arrays with one entry per token.
struct Logprobs: Encodable, Equatable, Sendable {
    var tokens: [String] = []
    /// nil for the first token of a prompt, which follows nothing.
    var tokenLogprobs: [Float?] = []
    var topLogprobs: [[String: Float]?] = []
    /// Characters of the token texts before each token.
    var textOffset: [Int] = []

    enum CodingKeys: String, CodingKey {
        case tokens
        case tokenLogprobs = "token_logprobs"
        case topLogprobs = "top_logprobs"
        case textOffset = "text_offset"
    }

    /// - Parameter offset: characters of the texts of all tokens before this one; moved past it.
    mutating func append(_ token: GeneratedToken, isFirst: Bool, texts: TokenText, offset: inout Int) {
        let text = texts.text(of: token.id, isFirst: isFirst)
        var top: [String: Float] = [:]
        for (id, logprob) in token.top.reversed() {
            top[texts.text(of: id, isFirst: isFirst)] = logprob.finite
        }
        top[text] = token.logprob.finite
        append(text, token.logprob.finite, top, offset: &offset)
    }

    /// Takes a token that nothing was before.
    mutating func append(first id: Int32, texts: TokenText, offset: inout Int) {
        append(texts.text(of: id, isFirst: true), nil, nil, offset: &offset)
    }

    private mutating func append(_ text: String, _ logprob: Float?, _ top: [String: Float]?, offset: inout Int) {
        tokens.append(text)
        tokenLogprobs.append(logprob)
        topLogprobs.append(top)
        textOffset.append(offset)
        offset += text.unicodeScalars.count
    }

    mutating func append(_ more: Logprobs) {
        tokens += more.tokens
        tokenLogprobs += more.tokenLogprobs
        topLogprobs += more.topLogprobs
        textOffset += more.textOffset
    }
}
