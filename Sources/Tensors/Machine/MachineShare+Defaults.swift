/// What is chosen where nobody said otherwise.
extension MachineShare {
    /// The most threads there are by default, and may be asked for.
    package static let mostThreads = 1024
    /// The most memory for keys and values by default, in bytes.
    package static let mostCacheBytes = 4 << 30

    /// Threads that compute: one for each processor it may run on, or as many as the quota comes nearest to.
    ///
    /// One more thread than the quota has whole processors computes for the fraction alone. It costs what threads cost each
    /// other, of memory's speed and of waiting, in all of the time, and all threads stand still for the rest of each period
    /// once the quota is used up. From half a processor on it brings more than that: where memory's speed is the limit two
    /// threads do 1.4 times the work of one, which leaves 1.03 of it under a quota of 1.5; where arithmetic is, 1.4.
    package var threads: Int {
        Int(max(1, min(usableProcessors.rounded(.toNearestOrAwayFromZero), Double(Self.mostThreads))))
    }

    /// Bytes for keys and values: what the weights and the rest of the program leave, at most `mostCacheBytes`.
    ///
    /// Half a gigabyte is kept free, or a quarter of a memory smaller than 2 GiB. Where weights take all, it is an eighth of
    /// the memory: used it may be too much, but without any no request could run.
    ///
    /// - Parameter weightBytes: what weights take.
    package func cacheBytes(besideWeights weightBytes: Int) -> Int {
        guard let memory else { return Self.mostCacheBytes }
        let free = memory - min(512 << 20, memory / 4)
        let left = max(free - min(max(weightBytes, 0), free), memory / 8)
        return max(1 << 20, (min(Self.mostCacheBytes, left) >> 20) << 20)
    }

    /// Bytes for bodies of requests: the most of `range`, or a sixteenth of the memory where that is less.
    package func bodyBytes(in range: ClosedRange<Int>) -> Int {
        guard let memory else { return range.upperBound }
        return max(range.lowerBound, min(range.upperBound, memory / 16))
    }
}
