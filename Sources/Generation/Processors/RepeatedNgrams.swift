/// transformers' `NoRepeatNGramLogitsProcessor`: no run of so many tokens stands in the output twice.
///
/// The start token and forced tokens count.
struct RepeatedNgrams: LogitsProcessor {
    private let size: Int

    /// nil when it would change nothing.
    init?(size: Int) {
        guard size > 0 else { return nil }
        self.size = size
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        output.tokens.forEachFollower(ofLast: size - 1, of: output.tokens) { scores[$0] = -.infinity }
    }
}

/// transformers' `EncoderNoRepeatNGramLogitsProcessor`: no run of so many tokens of the prompt stands in the output.
struct PromptNgrams: LogitsProcessor {
    private let size: Int
    private let prompt: [Int32]

    /// nil when it would change nothing.
    init?(size: Int, prompt: [Int32]) {
        guard size > 0 else { return nil }
        (self.size, self.prompt) = (size, prompt)
    }

    func apply(to scores: inout [Float], after output: OutputSoFar) {
        prompt.forEachFollower(ofLast: size - 1, of: output.tokens) { scores[$0] = -.infinity }
    }
}

extension [Int32] {
    /// Visits every token here that follows a run equal to the last `count` tokens of `output`; every one when `count` is 0.
    fileprivate func forEachFollower(ofLast count: Int, of output: [Int32], _ visit: (Int) -> Void) {
        guard output.count >= count, self.count > count else { return }
        let run = output.suffix(count)
        for start in 0..<(self.count - count) where self[start..<start + count].elementsEqual(run) {
            visit(Int(self[start + count]))
        }
    }
}
