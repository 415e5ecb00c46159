/// Which examples are batched together in one epoch, and in which order.
///
/// Follows from the seed and the epoch alone, so that a run that was stopped goes on with the batch it would have had.
package struct BatchPlan: Equatable, Sendable {
    /// Example numbers of each batch.
    package let batches: [[Int]]

    /// Batches that are sorted by length together: neighbours in length share a batch, so that parts of it are even.
    private static let pool = 50

    /// - Parameters:
    ///   - lengths: tokens of each example.
    ///   - tokens: the most tokens in a batch; an example with more is a batch of its own.
    package init(lengths: [Int], tokens: Int, seed: UInt64, epoch: Int) {
        var noise = Noise(seed: seed, 0xBA7C, UInt64(epoch))
        let order = Array(lengths.indices).shuffled(using: &noise)
        var batches: [[Int]] = []
        var start = 0
        while start < order.count {
            var (end, sum) = (start, 0)
            while end < order.count, sum < tokens * Self.pool {
                sum += lengths[order[end]]
                end += 1
            }
            let sorted = order[start..<end].sorted { (lengths[$0], $0) < (lengths[$1], $1) }
            batches += sorted.runs(upTo: tokens) { lengths[$0] }
            start = end
        }
        self.batches = batches.shuffled(using: &noise)
    }
}

extension Sequence {
    /// Runs of neighbours whose sizes add up to at most `limit`; an element that is larger is a run of its own.
    func runs(upTo limit: Int, size: (Element) -> Int) -> [[Element]] {
        var runs: [[Element]] = []
        var sum = 0
        for element in self {
            if runs.isEmpty || sum + size(element) > limit {
                runs.append([])
                sum = 0
            }
            runs[runs.count - 1].append(element)
            sum += size(element)
        }
        return runs
    }
}

/// Where in the data a run is.
package struct DataPosition: Equatable, Sendable, Codable {
    /// Counted from 0.
    package var epoch = 0
    /// The next batch of the epoch.
    package var batch = 0

    package init() {}
}

/// Hands out batch after batch, epoch after epoch.
package struct BatchReader: Sendable {
    private let source: any ExampleSource
    private let lengths: [Int]
    private let tokens: Int
    private let seed: UInt64
    private var plan: BatchPlan
    /// Where the batch after the last one handed out is: a reader that begins there goes on without a gap.
    package private(set) var position: DataPosition

    /// - Precondition: the source is not empty.
    package init(_ source: any ExampleSource, tokens: Int, seed: UInt64, from position: DataPosition = DataPosition()) {
        precondition(source.count > 0, "no examples")
        self.source = source
        self.tokens = tokens
        self.seed = seed
        self.position = position
        lengths = (0..<source.count).map { source.tokens($0) }
        plan = BatchPlan(lengths: lengths, tokens: tokens, seed: seed, epoch: position.epoch)
    }

    /// The next batch, never empty; where an epoch is used up, the first of the next one, which is shuffled anew.
    ///
    /// What is batched together follows from `ExampleSource.tokens`, the examples themselves are drawn only now.
    package mutating func next() -> [Example] {
        if position.batch >= plan.batches.count {
            position.epoch += 1
            position.batch = 0
            plan = BatchPlan(lengths: lengths, tokens: tokens, seed: seed, epoch: position.epoch)
        }
        defer { position.batch += 1 }
        return plan.batches[position.batch].map { source.example($0, epoch: position.epoch) }
    }
}
