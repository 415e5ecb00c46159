/// Decides what a machine's arithmetic is taken to be, of measurements some of which were disturbed.
///
/// Whoever takes a core away while it is measured makes the machine look slower than it is. So the greatest reading
/// counts, and it is no figure when a pass of a model did more in the same moment.
package struct ArithmeticReadings: Sendable {
    /// What the readings so far come to.
    package enum Verdict: Equatable, Sendable {
        case measureAgain
        /// Operations per second.
        case figure(Double)
        case noFigure
    }

    /// Before and after the pass.
    package static let least = 2
    /// Readings after which the machine is given up on.
    package static let most = 10

    private let done: Double
    private var taken = 0
    private var greatest = 0.0

    /// - Parameter done: operations per second of the pass that the readings are taken beside.
    package init(beside done: Double) { self.done = done }

    /// - Parameter reading: operations per second; nil when the measurement failed.
    package mutating func take(_ reading: Double?) {
        taken += 1
        if let reading, reading.isFinite { greatest = max(greatest, reading) }
    }

    package var verdict: Verdict {
        if taken < Self.least { return .measureAgain }
        if greatest > 0, greatest >= done { return .figure(greatest) }
        return taken < Self.most ? .measureAgain : .noFigure
    }
}
