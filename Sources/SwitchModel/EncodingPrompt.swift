/// A prompt on its way through the model's first passes, and what its request will need of the caches.
package struct EncodingPrompt: Sendable {
    /// What the encoder reads, or what a language model goes on from; never empty.
    package var tokens: [Int32]
    /// What the decoder reads with its first pass: after the start token, or after a language model's prompt.
    package var forced: [Int32] = []
    /// What the decoder reads with its first pass, too: each after all that slot 0 reads there and none after another, in the
    /// slots from 1 on.
    ///
    /// None is empty.
    package var continuations: [[Int32]] = []
    /// Of how many of the last tokens that the decoder reads with its first pass scores may be asked for; at least 1.
    package var scoredPositions = 1
    /// Histories.
    package var slots: Int
    /// Positions each history may reach, a language model's prompt not counted.
    package var capacity: Int

    /// The decoder block whose attention to the prompt is kept for every token that slot 0 reads; nil for none.
    package var crossAttentionBlock: Int? = nil

    /// Whether the decoder has more to read than a start token.
    var isRead: Bool { !forced.isEmpty || !continuations.isEmpty }

    /// What becomes of the encoder's last states.
    package private(set) var use = Use.decoding

    /// What a prompt's encoder states are for.
    package enum Use: Equatable, Sendable {
        /// The decoder attends to them.
        case decoding
        /// They are all that is wanted: the prompt never meets the decoder and takes nothing of its caches.
        case embedding(EmbeddingKind)
    }

    package init(tokens: [Int32], slots: Int, capacity: Int) {
        self.tokens = tokens
        self.slots = slots
        self.capacity = capacity
    }

    /// A prompt of which only the embedding is wanted; not for a language model, which has no encoder.
    package init(embedding tokens: [Int32], as kind: EmbeddingKind = .sentence) {
        self.init(tokens: tokens, slots: 0, capacity: 0)
        use = .embedding(kind)
    }
}

/// What is made of an encoder's last states, after its norm, where no decoder attends to them.
package enum EmbeddingKind: Equatable, Sendable {
    /// Their mean over all tokens, `[model]`, or what the sentence projection makes of it where the model has one.
    case sentence
    /// The states as they are, `[tokens, model]` row by row.
    case tokens
}

/// A prompt that has been read.
package struct EncodedPrompt<State> {
    package var outcome: Outcome
    /// The prompt's tokens among the rows that the pass's encoder routed; of a language model none.
    package var encoderRows: Range<Int>
    /// The tokens that the decoder has read, oldest first, continuations one after the other at their end, among the rows
    /// that it routed.
    ///
    /// None where the start token is still to be stepped.
    package var decoderRows: Range<Int>

    /// What became of the prompt, as its `use` had it.
    package enum Outcome {
        /// The caches that it is decoded from.
        case decoding(State)
        /// As its kind has it.
        case embedding([Float])

        package var state: State? { if case .decoding(let state) = self { state } else { nil } }
    }

    /// The caches of a prompt that is to be decoded.
    ///
    /// - Precondition: it was not read for its embedding.
    package var state: State {
        guard let state = outcome.state else { preconditionFailure("an embedding has no state of the decoder") }
        return state
    }

    /// nil of a prompt that is to be decoded.
    package var embedding: [Float]? { if case .embedding(let elements) = outcome { elements } else { nil } }

    package init(_ outcome: Outcome, encoderRows: Range<Int>, decoderRows: Range<Int>) {
        self.outcome = outcome
        self.encoderRows = encoderRows
        self.decoderRows = decoderRows
    }
}
