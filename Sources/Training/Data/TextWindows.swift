/// Stretches of one long text for a language model: every epoch cuts it at other places.
package struct TextWindows: ExampleSource {
    private let tokens: [Int32]
    private let length: Int
    private let placement: Placement

    /// Where the first stretch of an epoch begins.
    package enum Placement: Sendable, Equatable {
        /// One after the other from a random place on, drawn from this seed for each epoch.
        case moving(seed: UInt64)
        /// One after the other from the start on: to judge by.
        case fixed
    }

    /// - Parameter length: tokens of a stretch, at least 1.
    package init(_ tokens: [Int32], length: Int, _ placement: Placement) {
        (self.tokens, self.length, self.placement) = (tokens, max(1, length), placement)
    }

    /// Whole stretches: one token less than there are is asked for, and a moving start costs a stretch.
    ///
    /// What is left at the end of fixed ones is a stretch too.
    package var count: Int {
        let asked = max(0, tokens.count - 1)
        return switch placement {
        case .moving: max(asked / length - 1, min(1, asked / length))
        case .fixed: (asked + length - 1) / length
        }
    }

    package func tokens(_ index: Int) -> Int { range(index, epoch: 0).count }

    package func example(_ index: Int, epoch: Int) -> Example {
        let range = range(index, epoch: epoch)
        return Example(
            source: [],
            inputs: Array(tokens[range]),
            labels: Array(tokens[range.lowerBound + 1..<range.upperBound + 1])
        )
    }

    private func range(_ index: Int, epoch: Int) -> Range<Int> {
        let start = index * length + offset(epoch)
        return start..<min(start + length, tokens.count - 1)
    }

    private func offset(_ epoch: Int) -> Int {
        guard case .moving(let seed) = placement else { return 0 }
        let room = tokens.count - 1 - count * length
        guard room > 0 else { return 0 }
        var noise = Noise(seed: seed, UInt64(epoch))
        return Int.random(in: 0...min(room, length), using: &noise)
    }
}
