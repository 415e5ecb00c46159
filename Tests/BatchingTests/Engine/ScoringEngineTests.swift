import Foundation
import Generation
import SwitchModel
import Telemetry
import TestSupport
import Testing

@testable import Batching

@Suite struct ScoringEngineTests {
    private let registry = MetricsRegistry()

    /// A token's score is how many of it stand in the history, twice, and its number.
    private func engine(
        _ gate: StepGate = StepGate(isOpen: true),
        _ architecture: SwitchConfiguration.Architecture = .encoderDecoder,
        isBroken: Bool = false,
        _ change: (inout EngineLimits) -> Void = { _ in }
    ) -> InferenceEngine {
        let model = ScriptedModel(vocabularySize: 4, architecture: architecture, gate: gate) { _, history in
            (0..<4).map { token in isBroken ? .nan : Float(token) + 2 * Float(history.filter { $0 == token }.count) }
        }
        var limits = EngineLimits()
        change(&limits)
        return InferenceEngine(model, limits: limits, registry: registry, load: ExpertLoad(layers: []))
    }

    private func events(_ ticket: GenerationTicket) async -> (scores: PromptScores?, failure: GenerationFailure?) {
        var (scores, failure): (PromptScores?, GenerationFailure?) = (nil, nil)
        for await event in ticket.events {
            if case .scores(let found) = event { scores = found }
            if case .failed(let found) = event { failure = found }
        }
        return (scores, failure)
    }

    private func request(_ scored: ScoredTokens, prompt: [Int32] = [3, 1]) -> GenerationRequest {
        GenerationRequest(prompt: prompt, scoring: scored)
    }

    private func logprob(_ token: Int, after history: [Int]) -> Float {
        let scores = (0..<4).map { token in Double(token) + 2 * Double(history.filter { $0 == token }.count) }
        let sum = scores.reduce(0) { $0 + exp($1) }
        return Float(scores[token] - log(sum))
    }

    private func metric(_ name: String) -> String? {
        let text = String(decoding: registry.exposition(.prometheusText), as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix(name + " ") }.map(String.init)
    }

    @Test(arguments: [SwitchConfiguration.Architecture.encoderDecoder, .decoderOnly])
    func everyTokenIsScoredAfterThoseBeforeIt(architecture: SwitchConfiguration.Architecture) async throws {
        let engine = engine(StepGate(isOpen: true), architecture)
        defer { engine.stop() }
        let scored = ScoredTokens(labels: [2, 0], continuations: [[1], [2, 2, 3], [3, 0]])
        let found = try #require(await events(try engine.submit(request(scored), deadline: nil)).scores)
        let first = architecture == .encoderDecoder ? [0] : [3, 1]
        func expect(_ found: Float, _ token: Int, after rest: [Int]) {
            #expect(abs(found - logprob(token, after: first + rest)) < 1e-5)
        }
        expect(found.labels[0], 2, after: [])
        expect(found.labels[1], 0, after: [])
        #expect(found.continuations.map(\.count) == [1, 3, 2])
        expect(found.continuations[0][0], 1, after: [])
        expect(found.continuations[1][0], 2, after: [])
        expect(found.continuations[1][1], 2, after: [2])
        expect(found.continuations[1][2], 3, after: [2, 2])
        expect(found.continuations[2][1], 0, after: [3])
        #expect(metric("switchyard_scored_tokens_total")?.hasSuffix(" 8") == true)
    }

    /// Four positions: two steps where two rows are given, while a stream goes on.
    @Test func positionsAreTakenSomeAtATimeBesideOtherRequests() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(gate)
        defer { engine.stop() }
        let generation = GenerationRequest(prompt: [3, 1], stop: StopCondition(maximumTokens: 20, endTokens: []))
        let running = try engine.submit(generation, deadline: nil)
        gate.waitForModel()
        let scored = ScoredTokens(continuations: [[1, 2, 3], [2, 2]], perStep: 2)
        #expect(request(scored).rows == 2 && scored.positions == 4)
        let ticket = try engine.submit(request(scored), deadline: nil)
        gate.open()
        #expect(await events(ticket).scores?.continuations.map(\.count) == [3, 2])
        for await _ in running.events {}
        #expect(gate.steppedRows.filter { $0 == 3 }.count == 2 && !gate.steppedRows.contains { $0 > 3 })
    }

    @Test func scoringWaitsForRoomInTheDecoder() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(gate) { $0.maximumRows = 3 }
        defer { engine.stop() }
        let generation = GenerationRequest(prompt: [3, 1], stop: StopCondition(maximumTokens: 2, endTokens: []))
        let running = try engine.submit(generation, deadline: nil)
        gate.waitForModel()
        let large = ScoredTokens(continuations: [[1, 2, 3, 1]], perStep: 3)
        let ticket = try engine.submit(request(large), deadline: nil)
        gate.open()
        #expect(await events(ticket).scores != nil)
        for await _ in running.events {}
        #expect(!gate.steppedRows.contains { $0 > 3 })
    }

    @Test func aCancelledRequestEndsAndOthersGoOn() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(gate)
        defer { engine.stop() }
        let scored = ScoredTokens(continuations: [[1, 2, 3, 1, 2, 3]], perStep: 1)
        let running = try engine.submit(request(scored), deadline: nil)
        gate.waitForModel()
        let kept = try engine.submit(request(scored), deadline: nil)
        running.cancel()
        gate.open()
        let gone = await events(running)
        #expect(gone.scores == nil && gone.failure == .cancelled)
        #expect(await events(kept).scores != nil)
    }

    @Test func aNumberThatIsNoneIsAFailure() async throws {
        let engine = engine(StepGate(isOpen: true), isBroken: true)
        defer { engine.stop() }
        let found = await events(try engine.submit(request(ScoredTokens(labels: [1])), deadline: nil))
        #expect(found.failure == .notANumber)
    }

    @Test func limitsHoldToTheToken() async throws {
        let engine = engine {
            ($0.maximumScoredTokens, $0.maximumInputTokens) = (5, 3)
            $0.maximumCacheBytes = 3 + 1 + 3
        }
        defer { engine.stop() }
        let most = ScoredTokens(labels: [1], continuations: [[1, 2, 3, 1]])
        #expect(await events(try engine.submit(request(most, prompt: [1, 2, 3]), deadline: nil)).scores != nil)
        #expect(throws: AdmissionError.tooManyScored(tokens: 6, limit: 5)) {
            let more = ScoredTokens(labels: [1, 2], continuations: [[1, 2, 3, 1]])
            return try engine.submit(request(more), deadline: nil)
        }
        #expect(throws: AdmissionError.promptTooLong(tokens: 4, limit: 3)) {
            try engine.submit(request(most, prompt: [1, 2, 3, 1]), deadline: nil)
        }
        #expect(throws: AdmissionError.cacheTooLarge(bytes: 8, limit: 7)) {
            let longer = ScoredTokens(continuations: [[1, 2, 3, 1, 2]])
            return try engine.submit(request(longer, prompt: [1, 2, 3]), deadline: nil)
        }
    }
}
