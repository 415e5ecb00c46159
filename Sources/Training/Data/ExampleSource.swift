/// Examples by number, the same ones in every epoch or drawn anew for each.
///
/// Safe to use from several threads at once.
package protocol ExampleSource: Sendable {
    /// Examples of one epoch.
    var count: Int { get }

    /// About how many tokens an example has, to batch it by.
    func tokens(_ index: Int) -> Int

    /// - Parameter epoch: counted from 0; what is random follows from it and the index.
    func example(_ index: Int, epoch: Int) -> Example
}

extension ExampleSource {
    /// All examples, in order, in batches of so many tokens.
    package func batches(tokens: Int) -> [[Example]] {
        (0..<count).map { example($0, epoch: 0) }.runs(upTo: tokens, size: \.tokens)
    }
}

/// Tokens with a meaning of their own.
package struct SpecialIDs: Equatable, Sendable {
    /// Begins the decoder's inputs.
    package var start: Int32
    /// Ends sources and targets.
    package var end: Int32

    package init(start: Int32, end: Int32) { (self.start, self.end) = (start, end) }
}

/// Pairs of a text and what should be made of it, cut into tokens.
package struct PairExamples: ExampleSource {
    private let examples: [Example]

    /// Which pairs became examples, in order; the others have too many tokens.
    package let kept: [Int]

    /// Pairs left out because they had more than the tokens allowed.
    package let tooLong: Int

    /// - Parameters:
    ///   - pairs: tokens of both sides, without an end.
    ///   - maximumTokens: of a source and a target together, their ends included.
    package init(_ pairs: [(source: [Int32], target: [Int32])], _ special: SpecialIDs, maximumTokens: Int) {
        let all = pairs.map { pair in
            Example(
                source: pair.source + [special.end],
                inputs: [special.start] + pair.target,
                labels: pair.target + [special.end]
            )
        }
        kept = all.indices.filter { all[$0].tokens <= maximumTokens }
        examples = kept.map { all[$0] }
        tooLong = all.count - kept.count
    }

    package var count: Int { examples.count }

    package func tokens(_ index: Int) -> Int { examples[index].tokens }

    package func example(_ index: Int, epoch: Int) -> Example { examples[index] }
}
