import Foundation

/// How fast a model learns at each step: a linear warm-up, then one of the usual ways down.
package struct LearningRate: Equatable, Sendable, Codable {
    /// How the rate comes down after the warm-up.
    package enum Decay: String, CaseIterable, Sendable, Codable {
        case constant
        /// peak · √(warm-up / step), as T5 has it.
        case inverseRoot = "inverse-sqrt"
        /// Half a cosine down to the floor at the last step.
        case cosine
        /// A line down to the floor at the last step.
        case linear
    }

    /// The rate at the end of the warm-up.
    package var peak: Double = 1e-3
    /// Steps until the peak.
    package var warmup = 400
    package var decay = Decay.inverseRoot
    /// The last step of a cosine or a line.
    package var lastStep = 10_000
    /// What a cosine or a line ends at, as a share of the peak.
    package var floor = 0.0

    package init() {}

    /// The rate of a step, counted from 1.
    package func callAsFunction(_ step: Int) -> Double {
        guard step > warmup else { return peak * Double(step) / Double(max(warmup, 1)) }
        let way = min(1, Double(step - warmup) / Double(max(lastStep - warmup, 1)))
        switch decay {
        case .constant: return peak
        case .inverseRoot: return peak * (Double(max(warmup, 1)) / Double(step)).squareRoot()
        case .cosine: return peak * (floor + (1 - floor) * (1 + cos(.pi * way)) / 2)
        case .linear: return peak * (1 - (1 - floor) * way)
        }
    }
}
