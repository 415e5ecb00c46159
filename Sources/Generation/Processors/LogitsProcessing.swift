/// A request's constraints, ready to be applied to rows of scores in transformers' order.
struct LogitsProcessing: Sendable {
    private let processors: [any LogitsProcessor]
    /// See `LogitsConstraints.renormalizes`.
    let renormalizes: Bool

    /// - Parameter start: tokens of the output that are given: the start token, or a language model's prompt, and forced ones.
    init(_ request: GenerationRequest, start: Int) {
        let constraints = request.constraints
        let ends = Set(request.stop.endTokens).sorted()
        let ending = request.stop.ignoresEndTokens ? [] : ends
        let read = request.promptAsGiven
        let all: [(any LogitsProcessor)?] = [
            TokenBias(constraints.bias),
            SequenceBias(constraints.sequenceBias),
            EncoderRepetitionPenalty(constraints.encoderRepetitionPenalty, prompt: read),
            RepetitionPenalty(constraints.repetitionPenalty),
            OccurrencePenalty(frequency: constraints.frequencyPenalty, presence: constraints.presencePenalty),
            RepeatedNgrams(size: constraints.noRepeatNgramSize),
            PromptNgrams(size: constraints.encoderNoRepeatNgramSize, prompt: read),
            SequenceBias(badWords: constraints.badWords, endTokens: ends),
            HeldBackEnd(
                ending,
                minimumLength: constraints.minimumTokens.map { start + $0 } ?? constraints.minimumLength
            ),
            AllowedTokens(constraints.allowedTokens),
            ForcedFirstToken(constraints.forcedFirstToken),
            ForcedLastTokens(constraints.forcedLastTokens, maximumTokens: request.stop.maximumTokens),
            DecayedLength(constraints.lengthDecay, endTokens: ending),
            SuppressedTokens(constraints.suppressedTokens, atStep: nil),
            SuppressedTokens(
                constraints.suppressedFirstTokens,
                // A forced first token is not one to be suppressed: the one after it is.
                atStep: start == 1 && constraints.forcedFirstToken != nil ? 1 : 0
            ),
        ]
        processors = all.compactMap { $0 }
        renormalizes = constraints.renormalizes
    }

    /// Nothing would change.
    var isNeutral: Bool { processors.isEmpty }

    /// - Parameters:
    ///   - scores: `[vocabulary]`: raw logits when sampling, log-probabilities in beam search.
    ///   - history: decoder tokens so far, start token and forced tokens included.
    ///   - generated: how many of the last tokens of `history` were generated.
    func apply(to scores: inout [Float], history: [Int32], generated: Int) {
        let output = OutputSoFar(tokens: history, generated: generated)
        for processor in processors { processor.apply(to: &scores, after: output) }
    }
}
