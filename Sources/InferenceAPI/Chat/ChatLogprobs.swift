import JSON

/// Log-probabilities in the shape of OpenAI's chat.
struct ChatLogprobs: Encodable, Sendable {
    struct Alternative: Encodable, Sendable {
        var token: String
        var logprob: Float
        var bytes: [UInt8]

        init(_ token: TokenText.Written, _ logprob: Float) {
            (self.token, bytes, self.logprob) = (token.text, token.bytes, logprob)
        }
    }

    struct Token: Encodable, Sendable {
        var token: String
        var logprob: Float
        var bytes: [UInt8]
        /// The most probable tokens in its place, best first.
        var top: [Alternative]

        private enum CodingKeys: String, CodingKey {
            case token, logprob, bytes
            case top = "top_logprobs"
        }
    }

    var content: [Token]
    @OrNull var refusal: String? = nil

    init(_ logprobs: Logprobs) {
        content = logprobs.entries.map { entry in
            Token(
                token: entry.token.text,
                logprob: entry.logprob ?? 0,
                bytes: entry.token.bytes,
                top: entry.top.map { Alternative($0.token, $0.logprob) }
            )
        }
    }
}
