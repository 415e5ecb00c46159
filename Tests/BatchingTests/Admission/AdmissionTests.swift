import Foundation
import Generation
import Testing

@testable import Batching

@Suite struct AdmissionTests {
    private func submission(_ request: GenerationRequest, id: UInt64) -> Submission {
        Submission(
            id: id,
            request: request,
            cacheBytes: 0,
            deadline: nil,
            submitted: .now,
            answer: AsyncStream.makeStream(of: GenerationEvent.self).continuation
        )
    }

    private func request(prompt: Int, output: Int) -> GenerationRequest {
        GenerationRequest(
            prompt: Array(repeating: 1, count: prompt),
            stop: StopCondition(maximumTokens: output, endTokens: [])
        )
    }

    private func submit(_ request: GenerationRequest, to inbox: Inbox, patience: Duration? = nil) throws {
        _ = try inbox.submit(tokens: request.greatestTokens, patience: patience) { submission(request, id: $0) }
    }

    @Test func aRequestCountsItsPromptAndAllItsRowsToTheEnd() {
        var request = request(prompt: 7, output: 10)
        request.decoderPrompt = [1, 2]
        var beam = BeamParameters()
        beam.beams = 4
        request.strategy = .beam(beam)
        #expect(request.greatestTokens == 7 + 4 * 12)
    }

    @Test func theQueueHoldsSoManyTokensButAlwaysOneRequest() throws {
        var limits = EngineLimits()
        limits.maximumQueuedTokens = 100
        let inbox = Inbox(limits: limits)
        try submit(request(prompt: 100, output: 100), to: inbox)
        #expect(throws: AdmissionError.queueFull(.tokens(limit: 100), retryAfter: .seconds(1))) {
            try submit(request(prompt: 1, output: 1), to: inbox)
        }
        inbox.dropped(inbox.collect(isIdle: false, until: nil).submissions)
        #expect(inbox.queuedTokens == 0)
        try submit(request(prompt: 50, output: 49), to: inbox)
        try submit(request(prompt: 0, output: 1), to: inbox)
        #expect(throws: AdmissionError.self) { try submit(request(prompt: 0, output: 1), to: inbox) }
    }

    @Test func theAdviceIsHowLongTheQueueTakes() throws {
        var limits = EngineLimits()
        limits.maximumQueuedRequests = 2
        let inbox = Inbox(limits: limits)
        inbox.worked(seconds: 2, finishedTokens: 0)
        inbox.worked(seconds: 0, finishedTokens: 200)
        for _ in 0..<2 { try submit(request(prompt: 50, output: 150), to: inbox) }
        let error = #expect(throws: AdmissionError.self) { try submit(request(prompt: 1, output: 1), to: inbox) }
        guard case .queueFull(.requests(limit: 2), let wait) = error else { throw AdmissionError.draining }
        #expect(abs(wait / .seconds(1) - 4) < 0.01)
    }

    @Test func aRequestThatCouldNotBeDoneInTimeIsNotTaken() throws {
        let inbox = Inbox(limits: EngineLimits())
        inbox.worked(seconds: 1, finishedTokens: 100)
        try submit(request(prompt: 0, output: 1000), to: inbox, patience: .seconds(5))
        try submit(request(prompt: 0, output: 1), to: inbox, patience: .seconds(20))
        #expect(throws: AdmissionError.self) {
            try submit(request(prompt: 0, output: 1), to: inbox, patience: .seconds(5))
        }
    }

    @Test func anEmptyQueueIsNeverWhatTakesTooLong() throws {
        let inbox = Inbox(limits: EngineLimits())
        inbox.worked(seconds: 1, finishedTokens: 100)
        try submit(request(prompt: 0, output: 1), to: inbox, patience: .seconds(-1))
    }

    @Test func aRateForgetsWhatIsLongAgo() {
        var rate = WorkRate()
        #expect(rate.time(for: 10) == nil)
        rate.measured(seconds: 10, finishedTokens: 1000)
        for _ in 0..<100 { rate.measured(seconds: 10, finishedTokens: 100) }
        let seconds = (rate.time(for: 100) ?? .zero) / .seconds(1)
        #expect(abs(seconds - 10) < 0.01)
    }
}
