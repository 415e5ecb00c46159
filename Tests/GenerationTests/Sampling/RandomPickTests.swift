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
        }

        let logits: [Float?]
        let filters: Filters
        let probabilities: [String: Double]

        var pick: RandomPick {
            var chosen = Sampling.Filters()
            chosen.temperature = filters.temperature ?? 1
            chosen.topK = filters.topK
            chosen.topP = filters.topP
            chosen.minP = filters.minP
            chosen.typicalP = filters.typicalP
            return RandomPick(filters: chosen)
        }

        var scores: [Float] { logits.map { $0 ?? -.infinity } }
    }

    /// Written by `Tests/Parity/filters_reference.py`.
    private static func cases() throws -> [Case] {
        struct File: Decodable { let cases: [Case] }
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Parity/Fixtures/filters.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(File.self, from: Data(contentsOf: path)).cases
    }

    @Test func whatIsLeftIsTheReferences() throws {
        let cases = try Self.cases()
        #expect(cases.count > 50)
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
