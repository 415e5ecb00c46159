import Generation
import SwitchModel
import Telemetry
import TestSupport
import Testing

@testable import Batching

@Suite struct InferenceEngineTests {
    /// Counts up from the prompt's first token; token 1 ends.
    private static func counting(gate: StepGate = StepGate(isOpen: true)) -> ScriptedModel {
        ScriptedModel(vocabularySize: 50, gate: gate) { prompt, history in
            var logits = [Float](repeating: 0, count: 50)
            let next = Int(prompt[0]) + history.count
            logits[next < 40 ? next : 1] = 10
            return logits
        }
    }

    private func engine(
        _ model: sending ScriptedModel,
        _ change: (inout EngineLimits) -> Void = { _ in }
    ) -> InferenceEngine {
        var limits = EngineLimits()
        change(&limits)
        return InferenceEngine(model, limits: limits, registry: MetricsRegistry(), load: ExpertLoad(layers: []))
    }

    private func request(_ first: Int32, maximum: Int = 100, rows: Int = 1) -> GenerationRequest {
        var request = GenerationRequest(
            prompt: [first, 1],
            stop: StopCondition(maximumTokens: maximum, endTokens: [1])
        )
        var sampling = Sampling()
        sampling.draws = rows
        sampling.returned = rows
        request.strategy = .sample(sampling)
        return request
    }

    private func tokens(_ ticket: GenerationTicket) async -> (tokens: [Int32], failure: GenerationFailure?) {
        var tokens: [Int32] = []
        for await event in ticket.events {
            switch event {
            case .token(let token): tokens.append(token.id)
            case .failed(let failure): return (tokens, failure)
            case .encoded, .embedding, .scores, .beamStep, .finished, .completed: break
            }
        }
        return (tokens, nil)
    }

    @Test func requestsJoiningAndLeavingGetTheAnswersTheyGetAlone() async throws {
        let engine = engine(Self.counting()) { $0.maximumRows = 4 }
        defer { engine.stop() }
        try await withThrowingTaskGroup(of: (Int32, [Int32]).self) { group in
            for first in Int32(2)..<40 {
                let ticket = try engine.submit(request(first), deadline: nil)
                group.addTask { (first, await tokens(ticket).tokens) }
            }
            for try await (first, answer) in group {
                #expect(answer == Array(first + 1..<40) + [1])
            }
        }
    }

    @Test func aFullQueueRefusesAtOnceAndAdvisesWhenToComeBack() throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(Self.counting(gate: gate)) {
            $0.maximumRows = 1
            $0.maximumQueuedRequests = 2
        }
        defer {
            engine.stop()
            gate.open()
        }
        _ = try engine.submit(request(2), deadline: nil)
        gate.waitForModel()
        for _ in 0..<2 { _ = try engine.submit(request(2), deadline: nil) }
        #expect(throws: AdmissionError.queueFull(.requests(limit: 2), retryAfter: .seconds(1))) {
            try engine.submit(request(2), deadline: nil)
        }
    }

    @Test func aCancelledRequestStopsBeforeTheNextStep() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(Self.counting(gate: gate)) { $0.maximumRows = 2 }
        defer { engine.stop() }
        let running = try engine.submit(request(2), deadline: nil)
        gate.waitForModel()
        let other = try engine.submit(request(3), deadline: nil)
        let queued = try engine.submit(request(4), deadline: nil)
        running.cancel()
        queued.cancel()
        gate.open()
        #expect(await tokens(running) == ([3], .cancelled))
        #expect(await tokens(queued) == ([], .cancelled))
        #expect(await tokens(other).tokens == Array(4..<40) + [1])
        #expect(gate.steppedRows.allSatisfy { $0 == 1 })
    }

    @Test func aLateRequestFailsInTheQueueToo() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(Self.counting(gate: gate)) { $0.maximumRows = 1 }
        defer { engine.stop() }
        let running = try engine.submit(request(2), deadline: nil)
        gate.waitForModel()
        let late = try engine.submit(request(3), deadline: .now - .seconds(1))
        gate.open()
        #expect(await tokens(late) == ([], .deadline))
        #expect(await tokens(running).failure == nil)
    }

    @Test func limitsRefuseBeforeQueueing() throws {
        let engine = engine(Self.counting()) {
            $0.maximumInputTokens = 2
            $0.maximumRows = 3
            $0.maximumCacheBytes = 50
        }
        defer { engine.stop() }
        var long = request(2)
        long.prompt = [2, 3, 1]
        #expect(throws: AdmissionError.promptTooLong(tokens: 3, limit: 2)) { try engine.submit(long, deadline: nil) }
        #expect(throws: AdmissionError.tooManyRows(rows: 4, limit: 3)) {
            try engine.submit(request(2, rows: 4), deadline: nil)
        }
        #expect(throws: AdmissionError.cacheTooLarge(bytes: 2 + 101, limit: 50)) {
            try engine.submit(request(2), deadline: nil)
        }
        engine.drain()
        #expect(throws: AdmissionError.draining) { try engine.submit(request(2, maximum: 5), deadline: nil) }
    }

    @Test func whatWasAcceptedGoesOnWhileTheEngineDrains() async throws {
        let engine = engine(Self.counting())
        defer { engine.stop() }
        engine.drain()
        #expect(throws: AdmissionError.draining) { try engine.checkRoom() }
        let part = try engine.submit(request(2, maximum: 5), deadline: nil, as: .continuing)
        #expect(await tokens(part).tokens.count == 5)
        engine.stop()
        engine.drain()
        #expect(throws: AdmissionError.draining) {
            try engine.submit(request(2, maximum: 5), deadline: nil, as: .continuing)
        }
    }

    @Test func cacheMemoryIsSetAsideBeforeARequestRuns() async throws {
        let gate = StepGate(isOpen: false)
        // Room for one request of 2 prompt tokens and 11 positions, not for two.
        let engine = engine(Self.counting(gate: gate)) { $0.maximumCacheBytes = 20 }
        defer { engine.stop() }
        let tickets = try (0..<3).map { _ in try engine.submit(request(2, maximum: 10), deadline: nil) }
        gate.waitForModel()
        gate.open()
        for ticket in tickets { #expect(await tokens(ticket).tokens.count == 10) }
        #expect(gate.steppedRows.allSatisfy { $0 == 1 })
    }

    @Test func stoppingFailsWhatIsLeft() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(Self.counting(gate: gate)) { $0.maximumRows = 1 }
        let running = try engine.submit(request(2), deadline: nil)
        let queued = try engine.submit(request(3), deadline: nil)
        gate.waitForModel()
        engine.stop()
        gate.open()
        #expect(await tokens(running).failure == .shuttingDown)
        #expect(await tokens(queued).failure == .shuttingDown)
    }

    @Test func runningStreamsStepBetweenSlicesOfALongPrompt() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(Self.counting(gate: gate)) { $0.maximumBatchTokens = 4 }
        defer { engine.stop() }
        let running = try engine.submit(request(2), deadline: nil)
        gate.waitForModel()
        var long = request(30)
        long.prompt = [30] + Array(repeating: 5, count: 20)
        let joining = try engine.submit(long, deadline: nil)
        gate.open()
        _ = await (tokens(running), tokens(joining))
        // Two layers, one slice each: the first stream steps alone at least twice before the second joins.
        #expect(gate.steppedRows.prefix(2).allSatisfy { $0 == 1 })
        #expect(gate.steppedRows.contains(2))
    }

    // MARK: - Forced tokens

    private func forced(_ first: Int32, _ count: Int, maximum: Int = 3) -> GenerationRequest {
        var request = request(first, maximum: maximum)
        request.decoderPrompt = (0..<count).map { Int32(2 + $0 % 30) }
        return request
    }

    @Test func forcedTokensTakeNoStepOfTheirOwn() async throws {
        let gate = StepGate(isOpen: true)
        let engine = engine(Self.counting(gate: gate))
        defer { engine.stop() }
        let request = forced(2, 20)
        #expect(await tokens(try engine.submit(request, deadline: nil)).tokens == request.decoderPrompt + [23, 24, 25])
        #expect(gate.steppedRows == [1, 1, 1])
        let alone = forced(2, 20, maximum: 0)
        #expect(await tokens(try engine.submit(alone, deadline: nil)).tokens == alone.decoderPrompt)
        #expect(gate.steppedRows.count == 3)
    }

    @Test func logprobsOfForcedTokensAreTakenSomeAtATimeBesideOtherRequests() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(Self.counting(gate: gate))
        defer { engine.stop() }
        let running = try engine.submit(request(2), deadline: nil)
        gate.waitForModel()
        var scored = forced(2, 70)
        scored.topLogprobs = 0
        let joining = try engine.submit(scored, deadline: nil)
        gate.open()
        #expect(await tokens(joining).tokens == scored.decoderPrompt + [1])
        #expect(await tokens(running).tokens == Array(3..<40) + [1])
        #expect(gate.steppedRows.filter { $0 > 2 } == [33, 33, 7])
    }

    @Test func runningStreamsStepBetweenSlicesOfForcedTokens() async throws {
        let gate = StepGate(isOpen: false)
        let engine = engine(Self.counting(gate: gate)) { $0.maximumBatchTokens = 4 }
        defer { engine.stop() }
        let running = try engine.submit(request(2), deadline: nil)
        gate.waitForModel()
        let joining = try engine.submit(forced(3, 20), deadline: nil)
        gate.open()
        _ = await (tokens(running), tokens(joining))
        // Two layers of each stack, one slice each: the first stream steps alone before them and after three of them.
        #expect(gate.steppedRows.prefix(4).allSatisfy { $0 == 1 })
        #expect(gate.steppedRows.contains(2))
    }

    @Test func routesAreThoseOfARequestsOwnTokensWhateverOthersAskFor() async throws {
        let gate = StepGate(isOpen: false)
        let model = ScriptedModel(vocabularySize: 50, experts: 7, gate: gate) { prompt, history in
            (0..<50).map { $0 == Int(prompt[0]) + history.count ? 9 : 0 }
        }
        let load = ExpertLoad(layers: [ModelStack.encoder, .decoder].map { .init(stack: $0, block: 0, experts: 7) })
        let engine = InferenceEngine(model, limits: EngineLimits(), registry: MetricsRegistry(), load: load)
        defer { engine.stop() }
        var (scored, plain) = (forced(2, 200), request(3, maximum: 8))
        (scored.topLogprobs, scored.reportsRouting, plain.reportsRouting) = (0, true, true)
        let first = try engine.submit(scored, deadline: nil)
        gate.waitForModel()
        // Joins before the last forced tokens of the first are told, and comes after it in the steps.
        let second = try engine.submit(plain, deadline: nil)
        gate.open()
        let start: [Int32] = [0]
        #expect(await routes(first) == (start + scored.decoderPrompt + [0, 0]).map { Int($0) % 7 })
        #expect(await routes(second) == (start + (4..<11)).map { Int($0) % 7 })
        #expect(gate.steppedRows.first == 32 && gate.steppedRows.contains(33))
        // Each token that was read or stepped, once.
        let tokens = load.totals.map { $0.load.tokens.reduce(0, +) }
        #expect(tokens == [4, 201 + 2 + 8])
    }

    /// The experts that the token before each token went to.
    private func routes(_ ticket: GenerationTicket) async -> [Int] {
        var (routes, position): ([Int], Int) = ([], 0)
        for await case .token(let token) in ticket.events {
            #expect(token.routes.map(\.position) == [position])
            routes += token.routes.map(\.expert)
            position += 1
        }
        return routes
    }

    @Test func aRequestIsCancelledBetweenSlices() async throws {
        let gate = StepGate(isOpen: false)
        let model = ScriptedModel(vocabularySize: 50, layers: 30, gate: gate) { _, _ in
            [Float](repeating: 0, count: 50)
        }
        let engine = engine(model) { $0.maximumBatchTokens = 4 }
        defer { engine.stop() }
        let running = try engine.submit(request(2), deadline: nil)
        gate.waitForModel()
        let joining = try engine.submit(forced(3, 20), deadline: nil)
        // More than half of its sixty layers have run by then, but not all.
        for _ in 0..<20 { gate.allowOneStep() }
        gate.waitForSteps(21)
        joining.cancel()
        gate.open()
        #expect(await tokens(joining) == ([], .cancelled))
        #expect(await tokens(running).failure == nil)
        #expect(gate.steppedRows.allSatisfy { $0 == 1 })
    }

    @Test func aScoredPromptIsCountedAsAPrompt() async throws {
        let registry = MetricsRegistry()
        let model = ScriptedModel(vocabularySize: 50, architecture: .decoderOnly) { _, history in
            (0..<50).map { $0 == history.count ? 9 : 0 }
        }
        let engine = InferenceEngine(model, limits: EngineLimits(), registry: registry, load: ExpertLoad(layers: []))
        defer { engine.stop() }
        var request = request(2, maximum: 2, rows: 2)
        (request.prompt, request.topLogprobs) = (Array(repeating: 2, count: 40), 0)
        request.decoderPrompt = [9]
        request.scorePrompt()
        let told = await tokens(try engine.submit(request, deadline: nil)).tokens
        #expect(told.count == 2 * (39 + 1 + 2) && told.suffix(4) == [41, 41, 42, 42])
        let text = String(decoding: registry.exposition(.prometheusText), as: UTF8.self)
        #expect(text.contains("\nswitchyard_prompt_tokens_total 40\n"))
        #expect(text.contains("\nswitchyard_generated_tokens_total 6\n"))
        #expect(text.contains("\nswitchyard_time_to_first_token_seconds_count 1\n"))
    }
}
