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

    /// Whether the decoder has more to read than a start token.
    var isRead: Bool { !forced.isEmpty || !continuations.isEmpty }

    /// What becomes of the encoder's last states.
    package private(set) var use = Use.decoding

    /// What a prompt's encoder states are for.
    package enum Use: Equatable, Sendable {
        /// The decoder attends to them.
        case decoding
        /// Their mean is all that is wanted: the prompt never meets the decoder and takes nothing of its caches.
        case embedding
    }

    package init(tokens: [Int32], slots: Int, capacity: Int) {
        self.tokens = tokens
        self.slots = slots
        self.capacity = capacity
    }

    /// A prompt of which only the embedding is wanted; not for a language model, which has no encoder.
    package init(embedding tokens: [Int32]) {
        self.init(tokens: tokens, slots: 0, capacity: 0)
        use = .embedding
    }
}

/// A prompt that has been read.
package struct EncodedPrompt<State> {
    package var state: State
    /// The prompt's tokens among the rows that the pass's encoder routed; of a language model none.
    package var encoderRows: Range<Int>
    /// The tokens that the decoder has read, oldest first, continuations one after the other at their end, among the rows
    /// that it routed.
    ///
    /// None where the start token is still to be stepped.
    package var decoderRows: Range<Int>
    /// The mean of the encoder's last states over all tokens, through the sentence projection where the model has one; empty
    /// where it was not asked for.
    package var embedding: [Float] = []

    package init(state: State, encoderRows: Range<Int>, decoderRows: Range<Int>) {
        self.state = state
        self.encoderRows = encoderRows
        self.decoderRows = decoderRows
    }
}
