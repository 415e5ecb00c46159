import Generation
import SwitchModel
import Telemetry
import TestSupport
import Testing

@testable import Batching

@Suite struct EmbeddingEngineTests {
    private func engine(_ gate: StepGate) -> InferenceEngine {
        let model = ScriptedModel(vocabularySize: 8, gate: gate) { _, _ in [0, 0, 9, 0, 0, 0, 0, 0] }
        var limits = EngineLimits()
        (limits.maximumRows, limits.maximumCacheBytes, limits.maximumInputTokens) = (1, 20, 4)
        return InferenceEngine(model, limits: limits, registry: MetricsRegistry(), load: ExpertLoad(layers: []))
    }

    private func generation() -> GenerationRequest {
        GenerationRequest(prompt: [3, 1], stop: StopCondition(maximumTokens: 4, endTokens: [1]))
    }

    private func embedding(_ ticket: GenerationTicket) async -> (found: [Float]?, isComplete: Bool) {
        var (found, isComplete): ([Float]?, Bool) = (nil, false)
        for await event in ticket.events {
            if case .embedding(let elements) = event { found = elements }
            if case .completed = event { isComplete = true }
        }
        return (found, isComplete)
    }

    /// The decoder is full, and one more waits for it.
    @Test func embeddingsDoNotWaitForTheDecoder() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(gate)
        defer { engine.stop() }
        let running = try engine.submit(generation(), deadline: nil)
        gate.waitForModel()
        let waiting = try engine.submit(generation(), deadline: nil)
        let tickets = try (2..<6).map { try engine.submit(GenerationRequest(embedding: [$0, 1]), deadline: nil) }
        for _ in 0..<3 { gate.allowOneStep() }
        gate.waitForSteps(4)
        // The decoder stands in the last step of the first: what waited for room in it is not over, and ends here.
        for ticket in tickets { ticket.cancel() }
        gate.open()
        for (first, ticket) in zip(Int32(2)..<6, tickets) {
            let (found, isComplete) = await embedding(ticket)
            #expect(found == [Float(first), 1] && isComplete)
        }
        for ticket in [running, waiting] { #expect(await embedding(ticket).isComplete) }
        // Four tokens each, one row a step: no embedding took one.
        #expect(gate.steppedRows == Array(repeating: 1, count: 8))
    }

    @Test func aCancelledEmbeddingEndsAndOthersGoOn() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(gate)
        defer { engine.stop() }
        let running = try engine.submit(generation(), deadline: nil)
        gate.waitForModel()
        let gone = try engine.submit(GenerationRequest(embedding: [2, 1]), deadline: nil)
        let kept = try engine.submit(GenerationRequest(embedding: [3, 1]), deadline: nil)
        gone.cancel()
        gate.open()
        #expect(await embedding(gone).found == nil)
        #expect(await embedding(kept).found == [3, 1])
        #expect(await embedding(running).isComplete)
        #expect(throws: AdmissionError.promptTooLong(tokens: 5, limit: 4)) {
            try engine.submit(GenerationRequest(embedding: [1, 1, 1, 1, 1]), deadline: nil)
        }
        engine.drain()
        #expect(throws: AdmissionError.draining) { try engine.submit(GenerationRequest(embedding: [2]), deadline: nil) }
    }
}
