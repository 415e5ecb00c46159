import Foundation
import Tensors

/// Picks a token at random: temperature, top-k, top-p, min-p, typical-p, in transformers' order.
struct RandomPick {
    let filters: Sampling.Filters
    /// Tokens that every filter leaves at least: in beam search one more than there are end tokens.
    var leastKept = 1

    /// - Parameters:
    ///   - scores: processed logits, overwritten; `-infinity` is never picked.
    ///   - uniform: from 0 up to 1, exclusive.
    func pick(from scores: inout [Float], uniform: Double) -> Int32? {
        if filters.keepsEverything { return drawFromAll(&scores, uniform) }
        var left = uniform
        let distribution = distribution(of: &scores)
        for (token, probability) in distribution {
            left -= probability
            if left < 0 { return token }
        }
        return distribution.last?.token
    }

    /// The tokens the filters leave, with their probabilities.
    func distribution(of scores: inout [Float]) -> [(token: Int32, probability: Double)] {
        var (candidates, dropped) = candidates(of: &scores)
        if let topP = filters.topP, topP < 1 { keepTop(topP, &candidates, dropped: dropped) }
        if let minP = filters.minP, minP > 0 { keepAbove(minP, &candidates) }
        if let typicalP = filters.typicalP, typicalP < 1, !candidates.isEmpty { keepTypical(typicalP, &candidates) }
        let sum = candidates.reduce(0) { $0 + $1.weight }
        return candidates.map { ($0.token, $0.weight / sum) }
    }

    /// A token and a number proportional to its probability, 1 for the most probable.
    private struct Candidate {
        let token: Int32
        let weight: Double
    }

    /// Tokens that may survive, and the weight of those that top-p is sure to drop.
    private func candidates(of scores: inout [Float]) -> ([Candidate], dropped: Double) {
        let largest = scores.largestScore
        guard largest.isFinite else { return ([], 0) }
        if let topK = filters.topK.map({ max($0, leastKept) }), topK < scores.count {
            // Ties with the k-th stay, as in the reference.
            let least = LogitsRow.largest(topK, of: scores).last.map { scores[$0] } ?? -.infinity
            for index in scores.indices where scores[index] < least { scores[index] = -.infinity }
        }
        // Relative to the largest, so that no temperature, however low, overflows.
        let total = scores.exponentiate(0..<scores.count, largest: largest, scale: filters.sharpness)
        // Tokens so improbable that all of them together stay below what top-p drops.
        let share = leastKept > 1 ? 0 : filters.topP.map { 1 - $0 } ?? 0
        let sure = share * total / Float(scores.count) * 0.99
        var candidates: [Candidate] = []
        var dropped = 0.0
        for token in scores.indices where scores[token] > 0 {
            if scores[token] < sure {
                dropped += Double(scores[token])
            } else {
                candidates.append(Candidate(token: Int32(token), weight: Double(scores[token])))
            }
        }
        return (candidates, dropped)
    }

    /// Without filters: walks the running sum, a block of the vocabulary at a time.
    private func drawFromAll(_ scores: inout [Float], _ uniform: Double) -> Int32? {
        let largest = scores.largestScore
        guard largest.isFinite else { return nil }
        let block = 512
        var total = 0.0
        for start in stride(from: 0, to: scores.count, by: block) {
            let range = start..<min(start + block, scores.count)
            total += Double(scores.exponentiate(range, largest: largest, scale: filters.sharpness))
        }
        var left = uniform * total
        var last: Int32?
        for (token, weight) in scores.enumerated() where weight > 0 {
            last = Int32(token)
            left -= Double(weight)
            if left < 0 { break }
        }
        return last
    }

    /// Holtzman and others, 2020: the fewest tokens whose probabilities reach `mass`.
    private func keepTop(_ mass: Float, _ candidates: inout [Candidate], dropped: Double) {
        let limit = Double(1 - mass) * candidates.reduce(dropped) { $0 + $1.weight } - dropped
        let order = WeightOrder(keys: candidates.map { Float($0.weight) }, weights: candidates.map(\.weight))
        let (bucket, before) = order.crossing(limit)
        // Of equal tokens the lower id stays.
        let boundary = order.members(of: bucket) { candidates[$0].token > candidates[$1].token }
        var cumulative = before
        let removed = boundary.dropLast().prefix { index in
            cumulative += candidates[index].weight
            return cumulative <= limit
        }
        let isRemoved = Set(removed)
        let kept = Set(mostProbable(candidates))
        candidates = candidates.indices.filter {
            order.buckets[$0] >= bucket && !isRemoved.contains($0) || kept.contains($0)
        }.map { candidates[$0] }
    }

    /// Indices of the `leastKept` most probable candidates where that is more than one: a filter always leaves the first.
    private func mostProbable(_ candidates: [Candidate]) -> [Int] {
        leastKept > 1 ? LogitsRow.largest(leastKept, of: candidates.map { Float($0.weight) }) : []
    }

    /// Drops tokens less probable than `share` of the most probable.
    private func keepAbove(_ share: Float, _ candidates: inout [Candidate]) {
        let threshold = candidates.reduce(0) { max($0, $1.weight) } * Double(share)
        let kept = Set(mostProbable(candidates))
        candidates = candidates.indices.filter { candidates[$0].weight >= threshold || kept.contains($0) }.map {
            candidates[$0]
        }
    }

    /// Meister and others, 2022: the tokens whose surprise is nearest to the entropy, up to `mass`.
    private func keepTypical(_ mass: Float, _ candidates: inout [Candidate]) {
        let sum = candidates.reduce(0) { $0 + $1.weight }
        let probabilities = candidates.map { $0.weight / sum }
        let entropy = probabilities.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
        let shifts = probabilities.map { abs(-log($0) - entropy) }
        let order = WeightOrder(keys: shifts.map { Float($0) }, weights: probabilities)
        let (bucket, before) = order.crossing(Double(mass).nextDown)
        let boundary = order.members(of: bucket) { shifts[$0] < shifts[$1] }
        var cumulative = before
        let below = boundary.prefix { index in
            cumulative += probabilities[index]
            return cumulative < Double(mass)
        }
        let last = shifts[boundary[min(below.count, boundary.count - 1)]]
        let kept = leastKept > 1 ? Set(LogitsRow.largest(leastKept, of: shifts.map { -Float($0) })) : []
        candidates = candidates.indices.filter { shifts[$0] <= last || kept.contains($0) }.map { candidates[$0] }
    }
}

extension Sampling.Filters {
    /// What scores are multiplied by; finite however low the temperature is.
    var sharpness: Float { min(1 / temperature, .greatestFiniteMagnitude) }

    var keepsEverything: Bool { topK == nil && topP == nil && minP == nil && typicalP == nil }
}
