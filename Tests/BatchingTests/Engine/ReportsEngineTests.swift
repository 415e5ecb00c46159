import Batching
import Generation
import SwitchModel
import Telemetry
import TestSupport
import Testing

/// What the engine tells beside tokens, where a request asks for it.
@Suite struct ReportsEngineTests {
    private func events(_ request: GenerationRequest) async throws -> [GenerationEvent] {
        let model = ScriptedModel(vocabularySize: 12) { _, history in
            (0..<12).map { Float(($0 * 5 + history.count * 3) % 12) }
        }
        let load = ExpertLoad(layers: [])
        let engine = InferenceEngine(model, limits: EngineLimits(), registry: MetricsRegistry(), load: load)
        defer { engine.stop() }
        var events: [GenerationEvent] = []
        for await event in try engine.submit(request, deadline: nil).events { events.append(event) }
        return events
    }

    private func request(_ decoderPrompt: [Int32]) -> GenerationRequest {
        var request = GenerationRequest(prompt: [2, 3, 1], stop: StopCondition(maximumTokens: 4, endTokens: []))
        request.decoderPrompt = decoderPrompt
        return request
    }

    @Test(arguments: [[], [4, 5]] as [[Int32]])
    func everyTokenIsToldWithWhatItsPositionLookedAt(decoderPrompt: [Int32]) async throws {
        func weights(block: Int?) async throws -> [[Float]] {
            var request = request(decoderPrompt)
            request.crossAttentionBlock = block
            return try await events(request).compactMap {
                if case .token(let token) = $0 { token.crossAttention } else { nil }
            }
        }
        let count = decoderPrompt.count + 4
        #expect(
            try await weights(block: 0) == (0..<count).map { position in (0..<3).map { $0 == position % 3 ? 1 : 0 } }
        )
        #expect(try await weights(block: nil) == Array(repeating: [], count: count))
    }

    @Test(arguments: [true, false]) func stepsOfBeamsComeBeforeWhatBecameCertain(reports: Bool) async throws {
        var request = request([])
        var parameters = BeamParameters()
        parameters.beams = 3
        request.strategy = .beam(parameters)
        request.reportsBeamSteps = reports
        let told = try await events(request)
        let steps = told.compactMap { if case .beamStep(let step) = $0 { step } else { nil } }
        #expect(steps.map(\.number) == (reports ? [0, 1, 2, 3] : []))
        #expect(steps.allSatisfy { $0.candidates.count == 6 })
        let tokens = told.count { if case .token = $0 { true } else { false } }
        #expect(tokens == 4)
    }
}
