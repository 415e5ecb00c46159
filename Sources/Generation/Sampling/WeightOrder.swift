/// Candidates by ascending key, as far as it takes to find where their running weight passes a limit: whole buckets of
/// similar keys are summed, and only the one at the limit is sorted.
struct WeightOrder {
    /// Of each candidate.
    let buckets: [Int]
    private let keys: [Float]
    private var sums = [Double](repeating: 0, count: 1 << 13)

    /// - Parameter keys: none below 0, none NaN.
    init(keys: [Float], weights: [Double]) {
        self.keys = keys
        // The exponent and the first 4 bits of the mantissa.
        buckets = keys.map { Int($0.bitPattern >> 19) & 0xFFF }
        for (bucket, weight) in zip(buckets, weights) { sums[bucket] += weight }
    }

    /// The bucket in which the running weight passes `limit`, or the last one; and the weight before it.
    func crossing(_ limit: Double) -> (bucket: Int, before: Double) {
        let last = buckets.max() ?? 0
        var before = 0.0
        for bucket in 0..<last {
            if before + sums[bucket] > limit { return (bucket, before) }
            before += sums[bucket]
        }
        return (last, before)
    }

    /// Candidates of a bucket by ascending key.
    func members(of bucket: Int, equals isBefore: (Int, Int) -> Bool) -> [Int] {
        buckets.indices.filter { buckets[$0] == bucket }.sorted {
            keys[$0] != keys[$1] ? keys[$0] < keys[$1] : isBefore($0, $1)
        }
    }
}
