import Generation

/// Log-probabilities of a choice's tokens; encodes in the shape of OpenAI's completions: arrays with one entry per token.
struct Logprobs: Encodable, Equatable, Sendable {
    /// One token as it is written, beside its text in bytes.
    struct Entry: Equatable, Sendable {
        var token: TokenText.Written
        /// nil for the first token of a prompt, which follows nothing.
        var logprob: Float?
        /// The most probable tokens in its place, best first.
        var top: [(token: TokenText.Written, logprob: Float)]
        /// Where in the text of the choice it begins, in code points, however tokens are written.
        var offset: Int

        static func == (left: Entry, right: Entry) -> Bool {
            left.token == right.token && left.logprob == right.logprob && left.offset == right.offset
                && left.top.elementsEqual(right.top) { $0 == $1 }
        }
    }

    private(set) var entries: [Entry] = []

    private enum CodingKeys: String, CodingKey {
        case tokens
        case tokenLogprobs = "token_logprobs"
        case topLogprobs = "top_logprobs"
        case textOffset = "text_offset"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(entries.map(\.token.text), forKey: .tokens)
        try container.encode(entries.map(\.logprob), forKey: .tokenLogprobs)
        try container.encode(entries.map(\.topByText), forKey: .topLogprobs)
        try container.encode(entries.map(\.offset), forKey: .textOffset)
    }

    /// - Parameter write: how tokens are written where this one is.
    mutating func append(_ token: GeneratedToken, at offset: Int, write: (Int32) -> TokenText.Written) {
        let top = token.top.map { (token: write($0.id), logprob: $0.logprob.asLogprob) }
        entries.append(Entry(token: write(token.id), logprob: token.logprob.asLogprob, top: top, offset: offset))
    }

    /// Takes a token that nothing was before.
    mutating func append(first token: TokenText.Written) {
        entries.append(Entry(token: token, logprob: nil, top: [], offset: 0))
    }

    /// Removes the tokens that begin behind the first `count` code points of the text, and returns them.
    mutating func removeTokens(after count: Int) -> Logprobs? {
        guard let first = entries.firstIndex(where: { $0.offset > count }) else { return nil }
        defer { entries.removeSubrange(first...) }
        return Logprobs(entries: Array(entries[first...]))
    }

    /// Moves tokens that were cut off to the end of a text of `count` code points.
    mutating func endText(at count: Int) {
        for index in entries.indices { entries[index].offset = min(entries[index].offset, count) }
    }

    mutating func append(_ more: Logprobs) {
        entries += more.entries
    }
}

extension Logprobs.Entry {
    /// The alternatives and the token itself by their texts; of several with one text the most probable, or the token.
    fileprivate var topByText: [String: Float]? {
        guard let logprob else { return nil }
        var found: [String: Float] = [:]
        for alternative in top.reversed() { found[alternative.token.text] = alternative.logprob }
        found[token.text] = logprob
        return found
    }
}
