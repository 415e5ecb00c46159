import Foundation

/// The probabilities of some tokens at one position.
struct LabelProbabilities: Equatable, Sendable {
    /// What they are shares of.
    enum Whole: Equatable, Sendable {
        /// The labels alone: they come to 1.
        case labels
        case vocabulary
    }

    /// In the labels' order, each from 0 to 1.
    let values: [Double]

    /// - Parameter logprobs: natural logarithms of probabilities; minus infinity for none at all.
    init(_ logprobs: [Float], among whole: Whole) {
        let largest = Double(logprobs.max() ?? 0)
        guard whole == .labels, largest.isFinite else {
            values = logprobs.map { min(exp(Double($0)), 1) }
            return
        }
        let exponentials = logprobs.map { exp(Double($0) - largest) }
        let sum = exponentials.reduce(0, +)
        values = exponentials.map { $0 / sum }
    }
}
