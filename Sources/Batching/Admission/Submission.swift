import Generation

/// A request on its way through the engine, with the stream that answers it.
struct Submission: Sendable {
    let id: UInt64
    let request: GenerationRequest
    let cacheBytes: Int
    let deadline: ContinuousClock.Instant?
    let submitted: ContinuousClock.Instant
    let answer: AsyncStream<GenerationEvent>.Continuation

    func fail(_ failure: GenerationFailure) {
        answer.yield(.failed(failure))
        answer.finish()
    }
}
