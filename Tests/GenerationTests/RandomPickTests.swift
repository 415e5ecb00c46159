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
            .appending(path: "Parity/Fixtures/filters.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(File.self, from: Data(contentsOf: path)).cases
    }

    @Test func whatIsLeftIsTheReferences() throws {
        let cases = try Self.cases()
        #expect(cases.count > 50)
        for (index, expected) in cases.enumerated() {
            let left = expected.pick.distribution(of: expected.scores).filter { $0.probability > 0 }
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
        let picked = [0, 0.24, 0.26, 0.74, 0.76, 0.999].map { pick.pick(from: scores, uniform: $0) }
        #expect(picked == [0, 0, 2, 2, 3, 3])
    }

    @Test func nothingIsPickedWhenNothingIsAllowed() {
        let pick = RandomPick(filters: Sampling.Filters())
        #expect(pick.pick(from: [-.infinity, -.infinity], uniform: 0.5) == nil)
    }
}
