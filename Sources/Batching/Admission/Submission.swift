import Generation

/// A request on its way through the engine, with the stream that answers it.
struct Submission: Sendable {
    let id: UInt64
    let request: GenerationRequest
    let cacheBytes: Int
    let deadline: ContinuousClock.Instant?
    let submitted: ContinuousClock.Instant
    let answer: AsyncStream<GenerationEvent>.Continuation

    /// Positions a slot's history may reach: the start token, the forced tokens, the generated ones.
    static func capacity(of request: GenerationRequest) -> Int {
        1 + request.decoderPrompt.count + request.stop.maximumTokens
    }

    var encodingPrompt: EncodingPrompt {
        EncodingPrompt(tokens: request.prompt, slots: request.rows, capacity: Self.capacity(of: request))
    }

    func fail(_ failure: GenerationFailure) {
        answer.yield(.failed(failure))
        answer.finish()
    }
}
