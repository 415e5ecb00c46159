import ArgumentParser
import Foundation

/// Draws the tokens of a benchmark.
struct TokenDraw {
    /// How likely each token is.
    enum Distribution: String, ExpressibleByArgument, CaseIterable {
        /// Every token alike: experts are used evenly.
        case uniform
        /// As words of a text are (Zipf, exponent 1): a few experts have most of the work.
        case zipf
    }

    private let vocabulary: Int
    /// Running sums of the weights of tokens; empty when all weigh the same.
    private let sums: [Double]

    /// Prepares draws of ids below `vocabulary`, which is at least 1.
    init(_ distribution: Distribution, vocabulary: Int) {
        self.vocabulary = vocabulary
        var sum = 0.0
        sums =
            distribution == .uniform
            ? []
            : (1...vocabulary).map { rank in
                sum += 1 / Double(rank)
                return sum
            }
    }

    /// A token id; of `zipf` the lower ones are the likelier ones.
    func token(_ random: inout some RandomNumberGenerator) -> Int32 {
        guard let total = sums.last else { return Int32.random(in: 0..<Int32(vocabulary), using: &random) }
        let place = Double.random(in: 0..<total, using: &random)
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > place { high = middle } else { low = middle + 1 }
        }
        return Int32(low)
    }
}
