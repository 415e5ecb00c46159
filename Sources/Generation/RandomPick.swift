import Foundation

/// Picks a token at random from filtered logits: temperature, top-k, top-p, min-p, typical-p, in transformers' order.
struct RandomPick {
    let filters: Sampling.Filters

    /// - Parameters:
    ///   - scores: processed logits; `-infinity` is never picked.
    ///   - uniform: from 0 up to 1, exclusive.
    func pick(from scores: [Float], uniform: Double) -> Int32? {
        var left = uniform
        let distribution = distribution(of: scores)
        for (token, probability) in distribution {
            left -= probability
            if left < 0 { return token }
        }
        return distribution.last?.token
    }

    /// The tokens the filters leave, with their probabilities.
    func distribution(of scores: [Float]) -> [(token: Int32, probability: Double)] {
        // Relative to the largest, so that no temperature, however low, overflows.
        let largest = scores.max() ?? 0
        var candidates = scores.indices.filter { scores[$0] > -.infinity }.map {
            Candidate(token: Int32($0), score: (scores[$0] - largest) / filters.temperature)
        }
        guard !candidates.isEmpty else { return [] }
        if let topK = filters.topK, topK < candidates.count {
            // Ties with the k-th stay, as in the reference.
            let kth = candidates.map(\.score).sorted(by: >)[topK - 1]
            candidates.removeAll { $0.score < kth }
        }
        if let topP = filters.topP, topP < 1 { keepTop(topP, &candidates) }
        if let minP = filters.minP, minP > 0 { keepAbove(minP, &candidates) }
        if let typicalP = filters.typicalP, typicalP < 1 { keepTypical(typicalP, &candidates) }
        return Array(zip(candidates.map(\.token), probabilities(candidates)))
    }

    private struct Candidate {
        let token: Int32
        let score: Float
    }

    private func probabilities(_ candidates: [Candidate]) -> [Double] {
        let largest = candidates.reduce(-Float.infinity) { max($0, $1.score) }
        let exponentials = candidates.map { exp(Double($0.score - largest)) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// Holtzman and others, 2020: the fewest tokens whose probabilities reach `mass`.
    private func keepTop(_ mass: Float, _ candidates: inout [Candidate]) {
        // Of equal tokens the lower id stays.
        candidates.sort { $0.score != $1.score ? $0.score < $1.score : $0.token > $1.token }
        let probabilities = probabilities(candidates)
        var cumulative = 0.0
        let removed = probabilities.dropLast().prefix { probability in
            cumulative += probability
            return cumulative <= Double(1 - mass)
        }
        candidates.removeFirst(removed.count)
    }

    /// Drops tokens less probable than `share` of the most probable.
    private func keepAbove(_ share: Float, _ candidates: inout [Candidate]) {
        let probabilities = probabilities(candidates)
        let threshold = (probabilities.max() ?? 0) * Double(share)
        candidates = zip(candidates, probabilities).filter { $1 >= threshold }.map(\.0)
    }

    /// Meister and others, 2022: the tokens whose surprise is nearest to the entropy, up to `mass`.
    private func keepTypical(_ mass: Float, _ candidates: inout [Candidate]) {
        let probabilities = probabilities(candidates)
        let entropy = probabilities.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
        let shifts = probabilities.map { abs(-log($0) - entropy) }
        let order = candidates.indices.sorted { shifts[$0] < shifts[$1] }
        var cumulative = 0.0
        let below = order.prefix { index in
            cumulative += probabilities[index]
            return cumulative < Double(mass)
        }
        let last = shifts[order[min(below.count, order.count - 1)]]
        candidates = candidates.indices.filter { shifts[$0] <= last }.map { candidates[$0] }
    }
}
