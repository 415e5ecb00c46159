import Foundation

/// A setting that a sweep varies, and what it may be.
package struct SweepAxis: Equatable, Sendable {
    /// What trials are given: one of some words, or a number between two.
    package enum Values: Equatable, Sendable {
        case list([String])
        case range(SweepRange)
    }

    /// A flag of `train`, without its dashes.
    package let name: String
    package let values: Values

    /// Reads `learning-rate=3e-4,1e-3`, `dropout=0..0.3` or `learning-rate=log:1e-4..1e-2`.
    ///
    /// - Throws: `TrainingError.notAnAxis`.
    package init(_ text: String) throws(TrainingError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw .notAnAxis(text, reason: "a setting, '=' and its values were expected")
        }
        name = String(parts[0].drop { $0 == "-" })
        if parts[1].contains("..") {
            values = .range(try SweepRange(parts[1], axis: text))
        } else {
            let list = parts[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard !list.contains(""), Set(list).count == list.count else {
                throw .notAnAxis(text, reason: "a value is empty or there twice")
            }
            values = .list(list)
        }
    }

    /// One of the values, each as likely.
    func draw(_ noise: inout Noise) -> String {
        switch values {
        case .list(let list): list[Int(noise.unit() * Double(list.count))]
        case .range(let range): range.draw(&noise)
        }
    }
}

/// Numbers between two, that a value is drawn from.
package struct SweepRange: Equatable, Sendable {
    /// The lower one is drawn, and the upper one too where both are whole numbers.
    package let bounds: ClosedRange<Double>
    /// Each power of ten is as likely as another.
    package let isLogarithmic: Bool
    /// Both bounds were written as whole numbers.
    package let isWhole: Bool

    private static let logarithm = "log:"
    /// The largest whole number that is drawn.
    private static let most = 1e15

    init(_ text: Substring, axis: String) throws(TrainingError) {
        isLogarithmic = text.hasPrefix(Self.logarithm)
        let words = text.dropFirst(isLogarithmic ? Self.logarithm.count : 0).split(separator: "..")
        guard words.count == 2, let low = Double(words[0]), let high = Double(words[1]), low < high,
            high - low < .infinity
        else { throw .notAnAxis(axis, reason: "two numbers, the lower one first, were expected around '..'") }
        guard !isLogarithmic || low > 0 else { throw .notAnAxis(axis, reason: "logarithms need numbers above 0") }
        isWhole = Int(words[0]) != nil && Int(words[1]) != nil
        guard !isWhole || max(-low, high) <= Self.most else {
            throw .notAnAxis(axis, reason: "whole numbers go to 1e15")
        }
        bounds = low...high
    }

    func draw(_ noise: inout Noise) -> String {
        let (low, high) = (bounds.lowerBound, bounds.upperBound)
        let share = noise.unit()
        if isWhole {
            let drawn = isLogarithmic ? low * pow((high + 1) / low, share) : low + share * (high + 1 - low)
            return String(Int(min(high, drawn.rounded(.down))))
        }
        let drawn = isLogarithmic ? low * pow(high / low, share) : low + share * (high - low)
        return String(format: "%.6g", drawn)
    }
}
