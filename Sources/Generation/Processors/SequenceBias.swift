/// OpenAI's `logit_bias`: something is added to the scores of some tokens.
struct TokenBias: LogitsProcessor {
    private let bias: [Int32: Float]

    /// nil when there is none.
    init?(_ bias: [Int32: Float]) {
        guard !bias.isEmpty else { return nil }
        self.bias = bias
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        for (token, bias) in bias { scores[Int(token)] += bias }
    }
}

/// transformers' `SequenceBiasLogitsProcessor`: a bias for the last token of a run whose others stand at the end of the
/// output.
///
/// The start token counts. What several runs give one token is added up before it is added to the score.
struct SequenceBias: LogitsProcessor {
    private let sequences: [LogitsConstraints.BiasedSequence]

    /// nil when there are none.
    init?(_ sequences: [LogitsConstraints.BiasedSequence]) {
        guard !sequences.isEmpty else { return nil }
        // A run named twice has the last bias it was given; single tokens come first.
        var last: [[Int32]: Float] = [:]
        for sequence in sequences { last[sequence.tokens] = sequence.bias }
        var seen: Set<[Int32]> = []
        let kept = sequences.map(\.tokens).filter { seen.insert($0).inserted }
        let ordered = kept.filter { $0.count == 1 } + kept.filter { $0.count > 1 }
        self.sequences = ordered.map { .init(tokens: $0, bias: last[$0] ?? 0) }
    }

    /// transformers' `NoBadWordsLogitsProcessor`: the bias is −∞; an end token alone is never a bad word.
    init?(badWords: [[Int32]], endTokens: [Int32]) {
        let forbidden = badWords.filter { word in !(word.count == 1 && endTokens.contains(word[0])) }
        self.init(forbidden.map { .init(tokens: $0, bias: -.infinity) })
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        var bias: [Int: Float] = [:]
        for sequence in sequences where matches(sequence.tokens, output.tokens) {
            bias[Int(sequence.tokens[sequence.tokens.count - 1]), default: 0] += sequence.bias
        }
        for (token, bias) in bias { scores[token] += bias }
    }

    private func matches(_ sequence: [Int32], _ output: [Int32]) -> Bool {
        let prefix = sequence.dropLast()
        return prefix.count <= output.count && output.suffix(prefix.count).elementsEqual(prefix)
    }
}
