import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

@Suite struct DecodingSearchTests {
    private static let vocabulary = 12

    /// Logits that look random and depend on the last two tokens only.
    private static func model(seed: UInt64 = 1) -> ScriptedModel {
        ScriptedModel(vocabularySize: vocabulary) { _, history in
            let key = history.suffix(2).reduce(seed) { ($0 &* 31 &+ UInt64($1) &+ 7) &* 0x9E37_79B9_7F4A_7C15 }
            return (0..<vocabulary).map { token in
                let mixed = (key ^ UInt64(token) &* 0xBF58_476D_1CE4_E5B9) &* 0x94D0_49BB_1331_11EB
                return Float(mixed >> 40) / Float(1 << 24) * 6
            }
        }
    }

    private func run(_ request: GenerationRequest, _ model: ScriptedModel = model()) throws -> [GenerationEvent] {
        try steps(request, model).flatMap(\.events)
    }

    /// What the search made of the prompt, and of every step.
    private func steps(_ request: GenerationRequest, _ model: ScriptedModel = model()) throws -> [SearchStep] {
        let prompt = try #require(model.read([request.encodingPrompt]).prompts.first)
        let start = model.start(after: request.prompt)
        var search = DecodingSearch(request, start: start, read: prompt.decoderRows.count)
        var steps = [search.begin()]
        while let step = steps.last, !step.rows.isEmpty {
            steps.append(try search.advance(model.step([StepBatch(state: prompt.state, rows: step.rows)])))
            if let parents = steps.last?.parents { model.reorder(prompt.state, parents: parents) }
        }
        return steps
    }

    private func request(
        _ strategy: GenerationRequest.Strategy = .sample(Sampling()),
        maximum: Int = 12,
        endTokens: [Int32] = [1]
    ) -> GenerationRequest {
        var request = GenerationRequest(
            prompt: [2],
            stop: StopCondition(maximumTokens: maximum, endTokens: endTokens)
        )
        request.strategy = strategy
        return request
    }

    private func beam(_ beams: Int, returned: Int = 1, penalty: Float = 1) -> GenerationRequest.Strategy {
        var parameters = BeamParameters()
        parameters.beams = beams
        parameters.returned = returned
        parameters.lengthPenalty = penalty
        return .beam(parameters)
    }

    private func tokens(_ events: [GenerationEvent], choice: Int = 0) -> [Int32] {
        events.compactMap { if case .token(let token) = $0, token.choice == choice { token.id } else { nil } }
    }

    private func finished(_ events: [GenerationEvent]) -> [FinishedChoice] {
        events.compactMap { if case .finished(let choice) = $0 { choice } else { nil } }
    }

    @Test(arguments: 1...6) func oneBeamWithoutPenaltyFindsTheGreedyTokens(seed: UInt64) throws {
        let model = Self.model(seed: seed)
        let greedy = try finished(run(request(), model))
        let beamed = try finished(run(request(beam(1, penalty: 0)), model))
        #expect(greedy[0].tokens == beamed[0].tokens)
        #expect(abs(greedy[0].cumulativeLogprob - beamed[0].cumulativeLogprob) < 1e-4)
    }

    @Test(arguments: 1...6, [2, 4, 8]) func tokensSentEarlyAreTokensReturned(seed: UInt64, beams: Int) throws {
        let events = try run(request(beam(beams, returned: 2)), Self.model(seed: seed))
        let choices = finished(events)
        #expect(choices.map(\.choice) == [0, 1])
        for choice in choices { #expect(tokens(events, choice: choice.choice) == choice.tokens) }
        let scores = choices.compactMap(\.beamScore)
        #expect(scores.count == 2 && scores[0] >= scores[1])
    }

    @Test(arguments: 1...4) func aWideEnoughBeamFindsTheBestOfAllSequences(seed: UInt64) throws {
        // Every sequence of 3 tokens fits a beam of 12², so search is exhaustive.
        let model = Self.model(seed: seed)
        let found = try finished(run(request(beam(144, penalty: 0), maximum: 3, endTokens: []), model))[0]
        var best = -Float.infinity
        for first in 0..<12 {
            for second in 0..<12 {
                for third in 0..<12 {
                    best = max(best, try logprob([Int32(first), Int32(second), Int32(third)], model))
                }
            }
        }
        #expect(abs(found.cumulativeLogprob - best) < 1e-4)
    }

    private func logprob(_ tokens: [Int32], _ model: ScriptedModel) throws -> Float {
        var forced = request(maximum: 0)
        (forced.decoderPrompt, forced.topLogprobs) = (tokens, 0)
        return try run(forced, model).reduce(0) { if case .token(let token) = $1 { $0 + token.logprob } else { $0 } }
    }

    @Test func forcedTokensStartTheOutputAndCountTowardNoLimit() throws {
        var forced = request(maximum: 3, endTokens: [])
        forced.decoderPrompt = [5, 6]
        let events = try run(forced)
        #expect(tokens(events).count == 5)
        #expect(Array(tokens(events).prefix(2)) == [5, 6])
        #expect(finished(events)[0].reason == .length)
    }

    @Test(arguments: [1, 32, 33, 100])
    func forcedTokensAreToldAtOnceUnlessTheirLogprobsAreAskedFor(count: Int) throws {
        var forced = request(maximum: 2, endTokens: [])
        forced.decoderPrompt = (0..<count).map { Int32($0 % 11) }
        let silent = try steps(forced)
        #expect(tokens(silent[0].events) == forced.decoderPrompt)
        #expect(silent.map(\.rows.count) == [1, 1, 0] && silent[0].rows == [StepRow(.position(count), detail: .best)])

        forced.topLogprobs = 2
        let told = try steps(forced)
        let chunks = (count + 31) / 32
        #expect(told.map(\.rows.count) == (0..<chunks).map { min(32, count - 32 * $0) } + [1, 1, 0])
        let events = told.flatMap(\.events)
        #expect(tokens(events) == tokens(silent.flatMap(\.events)))
        // As of a model that had generated them.
        let model = Self.model()
        for (position, event) in events.enumerated().prefix(count) {
            guard case .token(let token) = event else { continue }
            let history = [0] + forced.decoderPrompt.prefix(position)
            let prompt = EncodingPrompt(tokens: [2], slots: 1, capacity: count)
            let state = try #require(model.read([prompt]).prompts.first).state
            let rows = history.map { model.step([StepBatch(state: state, rows: [StepRow(slot: 0, token: $0)])]) }
            let row = try #require(rows.last).elements()
            let sum = Float(log(row.reduce(0) { $0 + exp(Double($1)) }))
            #expect(abs(token.logprob - (row[Int(token.id)] - sum)) < 1e-5)
            #expect(token.top.map(\.logprob).first.map { abs($0 - ((row.max() ?? 0) - sum)) < 1e-5 } == true)
        }
    }

    @Test(arguments: [[], [4, 8]] as [[Int32]])
    func aLanguageModelGoesOnAfterItsPromptAndForcedTokens(forced: [Int32]) throws {
        let model = ScriptedModel(vocabularySize: 12, architecture: .decoderOnly) { _, history in
            (0..<12).map { Float($0 == (history.reduce(0) { $0 + Int($1) }) % 12 ? 9 : 0) }
        }
        var request = request(maximum: 2, endTokens: [])
        (request.prompt, request.decoderPrompt) = ([3, 5, 7], forced)
        let sum = 15 + forced.reduce(0, +)
        #expect(try tokens(run(request, model)) == forced + [sum % 12, 2 * sum % 12])
        request.topLogprobs = 0
        #expect(try tokens(run(request, model)) == forced + [sum % 12, 2 * sum % 12])
        request.scorePrompt()
        #expect(try tokens(run(request, model)) == [5, 7] + forced + [sum % 12, 2 * sum % 12])
    }

    @Test func aSeedDecidesTheDrawWhateverTheNumberOfDraws() throws {
        func sampled(draws: Int, seed: UInt64) throws -> [[Int32]] {
            var sampling = Sampling()
            sampling.pick = .random(Sampling.Filters())
            sampling.draws = draws
            sampling.returned = draws
            sampling.seed = seed
            return try finished(run(request(.sample(sampling)))).sorted { $0.choice < $1.choice }.map(\.tokens)
        }
        #expect(try sampled(draws: 1, seed: 7)[0] == sampled(draws: 3, seed: 7)[0])
        #expect(try sampled(draws: 3, seed: 7) != sampled(draws: 3, seed: 8))
        #expect(Set(try sampled(draws: 8, seed: 7)).count > 1)
    }

    @Test func bestOfReturnsTheDrawsWithTheHighestMeanLogprobBestFirst() throws {
        var sampling = Sampling()
        sampling.pick = .random(Sampling.Filters())
        sampling.draws = 6
        sampling.returned = 6
        let all = try finished(run(request(.sample(sampling))))
        sampling.returned = 2
        let events = try run(request(.sample(sampling)))
        let best = finished(events)
        func mean(_ choice: FinishedChoice) -> Float { choice.cumulativeLogprob / Float(choice.tokens.count) }
        #expect(best.map(mean) == all.map(mean).sorted(by: >).prefix(2).map { $0 })
        #expect(tokens(events, choice: 1) == best[1].tokens)
    }

    @Test func minimumTokensTakeTheMinimumLengthsPlace() throws {
        let model = ScriptedModel(vocabularySize: 4) { _, _ in [0, 9, 1, 2] }
        var request = request()
        request.constraints.minimumLength = 6
        #expect(try finished(run(request, model))[0].tokens == [3, 3, 3, 3, 3, 1])
        request.constraints.minimumTokens = 2
        #expect(try finished(run(request, model))[0].tokens == [3, 3, 1])
        request.constraints.minimumTokens = 0
        #expect(try finished(run(request, model))[0].tokens == [1])
    }

    @Test func minimumTokensHoldBackTheEnd() throws {
        let model = ScriptedModel(vocabularySize: 4) { _, _ in [0, 9, 1, 2] }
        var request = request()
        request.constraints.minimumTokens = 3
        #expect(try finished(run(request, model))[0].tokens == [3, 3, 3, 1])
    }

    @Test func noNgramRepeats() throws {
        var request = request(maximum: 30, endTokens: [])
        request.constraints.noRepeatNgramSize = 2
        let output = try [0] + finished(run(request))[0].tokens
        let pairs = zip(output, output.dropFirst()).map { [$0, $1] }
        #expect(Set(pairs).count == pairs.count)
    }

    @Test(arguments: [1, 3]) func constraintsThatRuleOutEveryTokenFailTheRequest(beams: Int) {
        let strategy = beams == 1 ? .sample(Sampling()) : beam(beams)
        var request = request(strategy, maximum: 30, endTokens: [])
        request.constraints.noRepeatNgramSize = 1
        #expect(throws: GenerationFailure.nothingAllowed) { try run(request) }
    }

    @Test func aRowOfNaNFailsTheRequest() {
        let model = ScriptedModel(vocabularySize: 4) { _, _ in [0, .nan, 1, 2] }
        #expect(throws: GenerationFailure.notANumber) { try run(request(), model) }
    }

    @Test(arguments: [nil, 0]) func nothingIsSteppedForForcedTokensAlone(topLogprobs: Int?) throws {
        var forced = request(maximum: 0)
        (forced.decoderPrompt, forced.topLogprobs) = ([5, 6], topLogprobs)
        let steps = try steps(forced)
        #expect(steps.map(\.rows.count) == (topLogprobs == nil ? [0] : [2, 0]))
        #expect(finished(steps.flatMap(\.events)).map(\.tokens) == [[5, 6]])
    }

    @Test func noTokensAreGeneratedWhenNoneAreAskedFor() throws {
        let choice = try finished(run(request(maximum: 0)))[0]
        #expect(choice.tokens.isEmpty && choice.reason == .length)
    }
}
