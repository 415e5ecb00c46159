import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// Steps that a beam search reports, and what somebody who has nothing else makes of them.
@Suite struct BeamStepTests {
    private static let vocabulary = 12

    /// Logits that look random and depend on the last two tokens only.
    private static func model(seed: UInt64) -> ScriptedModel {
        ScriptedModel(vocabularySize: vocabulary) { _, history in
            let key = history.suffix(2).reduce(seed) { ($0 &* 31 &+ UInt64($1) &+ 7) &* 0x9E37_79B9_7F4A_7C15 }
            return (0..<vocabulary).map { token in
                let mixed = (key ^ UInt64(token) &* 0xBF58_476D_1CE4_E5B9) &* 0x94D0_49BB_1331_11EB
                return Float(mixed >> 40) / Float(1 << 24) * 6
            }
        }
    }

    private func events(_ request: GenerationRequest, _ model: ScriptedModel) throws -> [GenerationEvent] {
        let prompt = try #require(model.read([request.encodingPrompt]).prompts.first)
        var search = DecodingSearch(request, start: [0], read: prompt.decoderRows.count)
        var step = search.begin()
        var events = step.events
        while !step.rows.isEmpty {
            step = try search.advance(model.step([StepBatch(state: prompt.state, rows: step.rows)]))
            if let parents = step.parents { model.reorder(prompt.state, parents: parents) }
            events += step.events
        }
        return events
    }

    private struct Beam: Equatable {
        var tokens: [Int32]
        var sum: Float
        var score: Float
    }

    /// The beams that steps lead to, best first.
    private func replay(_ steps: [BeamStep], after forced: [Int32], beams: Int, returned: Int) throws -> [Beam] {
        var running = [[Int32]](repeating: forced, count: beams)
        var finished: [Beam] = []
        for step in steps {
            var next = [Int: [Int32]]()
            for candidate in step.candidates {
                let tokens = running[candidate.parent] + [candidate.token]
                if let score = candidate.finishedScore {
                    finished.append(Beam(tokens: tokens, sum: candidate.score, score: score))
                }
                if let beam = candidate.beam { next[beam] = tokens }
            }
            running = try (0..<beams).map { try #require(next[$0]) }
        }
        let order = finished.indices.sorted {
            finished[$0].score != finished[$1].score ? finished[$0].score > finished[$1].score : $0 < $1
        }
        return order.prefix(returned).map { finished[$0] }
    }

    /// A request that looks random.
    private func request(_ seed: UInt64) -> (GenerationRequest, BeamParameters) {
        var random = SplitMix(state: seed)
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        var parameters = BeamParameters()
        parameters.beams = pick(1...8)
        parameters.returned = pick(1...parameters.beams)
        parameters.lengthPenalty = [-1, 0, 0.6, 1, 2][pick(0...4)]
        parameters.earlyStopping = [.never, .heuristic, .whenFull][pick(0...2)]
        if pick(0...4) == 0 { parameters.draw = .init(filters: Sampling.Filters(), seed: seed) }
        var request = GenerationRequest(
            prompt: [2],
            stop: StopCondition(maximumTokens: pick(1...14), endTokens: Array([1, 4].prefix(pick(0...2))))
        )
        if pick(0...2) == 0 { request.stop.stopTokens = [6, 7] }
        request.strategy = .beam(parameters)
        request.decoderPrompt = (0..<pick(0...3)).map { _ in Int32(pick(2...11)) }
        request.reportsBeamSteps = true
        return (request, parameters)
    }

    @Test(arguments: Array(1...200) as [UInt64]) func stepsLeadToTheAnswerToTheLastDigit(seed: UInt64) throws {
        let (request, parameters) = request(seed)
        let told = try events(request, Self.model(seed: seed))
        let steps = told.compactMap { if case .beamStep(let step) = $0 { step } else { nil } }
        let found = told.compactMap { event -> Beam? in
            guard case .finished(let choice) = event else { return nil }
            return Beam(tokens: choice.tokens, sum: choice.cumulativeLogprob, score: choice.beamScore ?? .nan)
        }
        #expect(found.count == parameters.returned)
        let replayed = try replay(
            steps,
            after: request.decoderPrompt,
            beams: parameters.beams,
            returned: parameters.returned
        )
        #expect(replayed == found)
        #expect(steps.map(\.number) == Array(steps.indices))
        #expect(steps.map(\.isLast) == steps.indices.map { $0 == steps.count - 1 })
        let most = max(2, 1 + request.stop.endTokens.count) * parameters.beams
        #expect(steps.allSatisfy { $0.candidates.count <= most })

        // Asked for or not, the answer is the same.
        var silent = request
        silent.reportsBeamSteps = false
        let rest = told.filter { if case .beamStep = $0 { false } else { true } }
        #expect(try events(silent, Self.model(seed: seed)).map { "\($0)" } == rest.map { "\($0)" })
    }

    /// What waits for a client that does not read is bounded by steps and candidates alone.
    @Test func aCandidateTakesFewBytes() {
        #expect(MemoryLayout<BeamStep.Candidate>.stride <= 48)
    }
}
