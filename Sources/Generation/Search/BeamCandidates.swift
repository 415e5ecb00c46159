import Foundation
import Tensors

/// Chooses among the continuations of all beams: the best, or as many drawn without putting back.
struct BeamCandidates {
    /// One more token for one beam.
    struct Continuation: Equatable {
        let beam: Int
        let token: Int32
        /// The beam's score with the token's.
        let score: Float
    }

    private static let greatestSharpness: Float = 1e6

    /// How many are chosen at most.
    let count: Int
    private let draw: BeamParameters.Draw?
    private let pick: RandomPick

    /// - Parameter endTokens: their number, repeated ones counted again.
    init(_ parameters: BeamParameters, endTokens: Int) {
        // Enough that a beam goes on even if every end token is among its best.
        let perBeam = max(2, 1 + endTokens)
        count = perBeam * parameters.beams
        draw = parameters.draw
        pick = RandomPick(filters: parameters.draw?.filters ?? Sampling.Filters(), leastKept: perBeam)
    }

    /// The continuations chosen from all beams' `scores`, `[beams][vocabulary]` processed log-probabilities; drawn ones in the
    /// order they were drawn, others best first, of equals the one of the lower beam and token.
    ///
    /// - Parameters:
    ///   - beamScores: of the beams so far.
    ///   - step: tokens generated before.
    func choose(from scores: [[Float]], beamScores: [Float], renormalizes: Bool, step: Int) -> [Continuation] {
        guard let draw else { return best(of: scores, beamScores: beamScores, renormalizes: renormalizes) }
        let drawn = distribution(of: scores, beamScores: beamScores, renormalizes: renormalizes)
        var weights = drawn.map(\.probability)
        var left = weights.reduce(0, +)
        var chosen: [Continuation] = []
        while chosen.count < count, left > 0 {
            let random = RandomSource(seed: draw.seed, draw: chosen.count)
            var rest = random.uniform(step: step) * left
            var index = 0
            var last: Int?
            while index < weights.count {
                if weights[index] > 0 {
                    last = index
                    rest -= weights[index]
                    if rest < 0 { break }
                }
                index += 1
            }
            guard let last else { break }
            chosen.append(drawn[last].continuation)
            weights[last] = 0
            left = weights.reduce(0, +)
        }
        return chosen + unlikely(besides: chosen, of: drawn)
    }

    /// What is drawn from: continuations that the filters leave, with their probabilities, by beam and token.
    func distribution(
        of scores: [[Float]],
        beamScores: [Float],
        renormalizes: Bool
    ) -> [(continuation: Continuation, probability: Double)] {
        var pool: [Continuation] = []
        // Below it the draw is decided already, and scores would no longer be numbers.
        let sharpness = min(pick.filters.sharpness, Self.greatestSharpness)
        for (beam, row) in scores.enumerated() {
            var spent = row
            let kept = pick.distribution(of: &spent).map(\.token)
            let warped = kept.map { min(row[Int($0)] * sharpness, .greatestScore) }
            let norm = renormalizes ? Self.logSumExp(warped) : 0
            for (token, score) in zip(kept, warped) {
                pool.append(Continuation(beam: beam, token: token, score: score - norm + beamScores[beam]))
            }
        }
        let largest = pool.reduce(-Float.infinity) { max($0, $1.score) }
        guard largest > -.infinity else { return [] }
        let weights = pool.map { exp(Double($0.score - largest)) }
        let sum = weights.reduce(0, +)
        return zip(pool, weights).map { ($0, $1 / sum) }
    }

    private func best(of scores: [[Float]], beamScores: [Float], renormalizes: Bool) -> [Continuation] {
        var best: [Continuation] = []
        for (beam, row) in scores.enumerated() {
            let norm = renormalizes ? Self.logSumExp(row) : 0
            // The sum is what is compared: two scores apart may be equal in it.
            let sums = row.map { $0 - norm + beamScores[beam] }
            for index in LogitsRow.largest(count, of: sums) {
                best.append(Continuation(beam: beam, token: Int32(index), score: sums[index]))
            }
        }
        // Equal scores in the order of the flattened beams.
        let order = best.indices.sorted { best[$0].score != best[$1].score ? best[$0].score > best[$1].score : $0 < $1 }
        return order.prefix(count).map { best[$0] }
    }

    /// The best of those whose probability is 0, to keep as many beams as there were.
    private func unlikely(
        besides chosen: [Continuation],
        of pool: [(continuation: Continuation, probability: Double)]
    ) -> [Continuation] {
        guard chosen.count < count else { return [] }
        let left = pool.map(\.continuation).filter { !chosen.contains($0) }
        return left.sorted { $0.score > $1.score }.prefix(count - chosen.count).map { $0 }
    }

    private static func logSumExp(_ values: [Float]) -> Float {
        let largest = values.reduce(-Float.infinity, max)
        guard largest > -.infinity else { return 0 }
        return largest + Float(log(values.reduce(0.0) { $0 + exp(Double($1 - largest)) }))
    }
}
