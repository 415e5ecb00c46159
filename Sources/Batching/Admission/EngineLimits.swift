/// What the engine accepts and how much it runs at once; every limit has its default here.
package struct EngineLimits: Equatable, Sendable {
    /// Decoder rows (sequences and beams) stepped together.
    package var maximumRows = 64
    /// Requests that were accepted and wait to be encoded; one more is refused with `QueueBound.requests`.
    package var maximumQueuedRequests = 256
    /// Prompt tokens and tokens to generate of requests that wait, counting each row to its end.
    package var maximumQueuedTokens = 1 << 18
    /// Rows of encoding, one for each token and layer, that one engine iteration computes while sequences are decoding.
    package var maximumBatchTokens = 2048
    /// Prompt tokens of one request; with more it is refused with `AdmissionError.promptTooLong`.
    package var maximumInputTokens = 4096
    /// Tokens one request may generate; whoever reads requests holds them to it.
    package var maximumOutputTokens = 512
    /// Labels and tokens of all continuations that one request may have scored; with more it is refused with
    /// `AdmissionError.tooManyScored`.
    package var maximumScoredTokens = 4096
    /// Bytes of keys and values that running requests may come to.
    package var maximumCacheBytes = 4 << 30

    package init() {}
}
