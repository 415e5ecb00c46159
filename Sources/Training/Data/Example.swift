/// One sequence to learn from: what the encoder reads, what the decoder reads, and the token wanted after each of these.
package struct Example: Equatable, Sendable {
    /// Empty for a model without an encoder.
    package var source: [Int32]
    /// Token ids that the decoder reads, a start token before a target included.
    package var inputs: [Int32]
    /// Token ids wanted after each input, as many as inputs; a negative one is not asked for.
    package var labels: [Int32]

    /// - Precondition: there are as many labels as inputs.
    package init(source: [Int32], inputs: [Int32], labels: [Int32]) {
        precondition(inputs.count == labels.count, "\(labels.count) labels for \(inputs.count) inputs")
        (self.source, self.inputs, self.labels) = (source, inputs, labels)
    }

    /// Tokens that are computed, which is what a batch is measured by.
    package var tokens: Int { source.count + inputs.count }

    /// Labels that are asked for.
    package var labelCount: Int { labels.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) } }
}

extension [Example] {
    /// Of all examples, sources and inputs together: what a batch is measured by.
    package var tokens: Int { reduce(0) { $0 + $1.tokens } }

    /// Of all examples, the labels that are asked for: what a mean loss is divided by.
    package var labelCount: Int { reduce(0) { $0 + $1.labelCount } }

    /// Cuts a batch into `count` parts of about as many tokens each, in order; some may be empty.
    func parts(_ count: Int) -> [ArraySlice<Example>] {
        let total = tokens
        var parts: [ArraySlice<Example>] = []
        var start = startIndex
        var taken = 0
        for part in 1...Swift.max(1, count) {
            var end = start
            while end < endIndex, part == count || taken + self[end].tokens / 2 < total * part / count {
                taken += self[end].tokens
                end += 1
            }
            parts.append(self[start..<end])
            start = end
        }
        return parts
    }
}
