import Foundation
import Testing

@testable import Generation

/// The same tokens left with the same probabilities as transformers leaves.
@Suite struct RandomPickTests {
    struct Case: Decodable {
        struct Filters: Decodable {
            let temperature: Float?
            let topK: Int?
            let topP: Float?
            let minP: Float?
            let typicalP: Float?

            var chosen: Sampling.Filters {
                var chosen = Sampling.Filters()
                chosen.temperature = temperature ?? 1
                chosen.topK = topK
                chosen.topP = topP
                chosen.minP = minP
                chosen.typicalP = typicalP
                return chosen
            }
        }

        let logits: [Float?]
        let filters: Filters
        let kept: Int
        let probabilities: [String: Double]

        var pick: RandomPick { RandomPick(filters: filters.chosen, leastKept: kept) }
        var scores: [Float] { logits.map { $0 ?? -.infinity } }
    }

    /// One step of beam sampling.
    struct BeamCase: Decodable {
        let logprobs: [[Float?]]
        let beamScores: [Float]
        let filters: Case.Filters
        let endTokens: Int
        let renormalizes: Bool
        /// Beam, token, score, probability.
        let candidates: [[Double]]

        var drawn: [(continuation: BeamCandidates.Continuation, probability: Double)] {
            var parameters = BeamParameters()
            parameters.beams = beamScores.count
            parameters.draw = .init(filters: filters.chosen)
            return BeamCandidates(parameters, endTokens: endTokens).distribution(
                of: logprobs.map { $0.map { $0 ?? -.infinity } },
                beamScores: beamScores,
                renormalizes: renormalizes
            )
        }
    }

    struct File: Decodable {
        let cases: [Case]
        let beams: [BeamCase]
    }

    /// Written by `Tests/Parity/filters_reference.py`.
    private static func file() throws -> File {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Parity/Fixtures/filters.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(File.self, from: Data(contentsOf: path))
    }

    @Test func whatIsLeftIsTheReferences() throws {
        let cases = try Self.file().cases
        #expect(Set(cases.map(\.kept)) == [1, 2, 3])
        #expect(cases.count > 100)
        for (index, expected) in cases.enumerated() {
            var scores = expected.scores
            let left = expected.pick.distribution(of: &scores)
            #expect(
                Set(left.map { String($0.token) }) == Set(expected.probabilities.keys),
                "case \(index): \(expected.filters)"
            )
            for (token, probability) in left {
                #expect(abs(probability - (expected.probabilities[String(token)] ?? 2)) < 1e-5, "case \(index)")
            }
        }
    }

    @Test func beamsAreDrawnFromTheReferencesCandidates() throws {
        let cases = try Self.file().beams
        #expect(cases.count > 30)
        for (index, expected) in cases.enumerated() {
            let drawn = expected.drawn
            #expect(
                drawn.map { [Double($0.continuation.beam), Double($0.continuation.token)] }
                    == expected.candidates.map { Array($0.prefix(2)) },
                "case \(index): \(expected.filters)"
            )
            for ((continuation, probability), candidate) in zip(drawn, expected.candidates) {
                #expect(abs(Double(continuation.score) - candidate[2]) < 1e-5, "case \(index)")
                #expect(abs(probability - candidate[3]) < 1e-5, "case \(index)")
            }
        }
    }

    @Test func aNumberPicksTheTokenWhoseShareItFallsInto() {
        let pick = RandomPick(filters: Sampling.Filters())
        let scores: [Float] = [log(1), -.infinity, log(2), log(1)]
        let picked = [0, 0.24, 0.26, 0.74, 0.76, 0.999].map { uniform in
            var scores = scores
            return pick.pick(from: &scores, uniform: uniform)
        }
        #expect(picked == [0, 0, 2, 2, 3, 3])
    }

    @Test func aLargeVocabularyIsDrawnFromInProportion() {
        var filters = Sampling.Filters()
        for topP: Float? in [nil, 0.9] {
            filters.topP = topP
            let pick = RandomPick(filters: filters)
            let all = (0..<600).map { Float(($0 * 7919) % 600) / 120 }
            var scores = all
            let expected = Dictionary(
                uniqueKeysWithValues: pick.distribution(of: &scores).map { ($0.token, $0.probability) }
            )
            var counts: [Int32: Double] = [:]
            for draw in 0..<500 {
                scores = all
                counts[pick.pick(from: &scores, uniform: (Double(draw) + 0.5) / 500) ?? -1, default: 0] += 1 / 500
            }
            #expect(counts.allSatisfy { abs($0.value - (expected[$0.key] ?? 1)) <= 1.01 / 500 })
        }
    }

    @Test func nothingIsPickedWhenNothingIsAllowed() {
        let pick = RandomPick(filters: Sampling.Filters())
        var scores: [Float] = [-.infinity, -.infinity]
        #expect(pick.pick(from: &scores, uniform: 0.5) == nil)
    }
}
