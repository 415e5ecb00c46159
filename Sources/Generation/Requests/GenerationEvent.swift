/// What happens to a request, in order: one `encoded`, tokens of every choice, one `finished` per choice, one `completed`.
///
/// Beam search sends tokens once they are certain: the common start of every live and finished hypothesis while it
/// runs, the rest at the end.
package enum GenerationEvent: Sendable {
    /// The prompt went through the encoder, and what the output begins with through the decoder.
    ///
    /// Routes are there when the request asked for them. Decoding has not begun, so its time is still 0.
    case encoded(routes: [TokenRoute], timings: GenerationTimings = GenerationTimings())
    case token(GeneratedToken)
    /// A step of a beam search, before what became certain by it: where the request asked for steps.
    case beamStep(BeamStep)
    /// The embedding of the prompt as its kind has it, not normalised: after `encoded`, and before `completed`, which follows at once.
    case embedding([Float])
    /// How probable the tokens are that were asked about: after `encoded`, and before `completed`, which follows at once.
    case scores(PromptScores)
    case finished(FinishedChoice)
    /// Nothing follows.
    case completed(GenerationTimings)
    /// Nothing follows.
    case failed(GenerationFailure)
}

/// One more token of one choice.
package struct GeneratedToken: Sendable {
    /// Which returned continuation, from 0.
    package var choice: Int
    /// Inside the vocabulary.
    package var id: Int32
    /// Natural logarithm of the token's probability under the model, before the random filters.
    ///
    /// 0 for a forced token of a request that asked for no log-probabilities.
    package var logprob: Float
    /// The most probable tokens, best first, as many as asked for.
    package var top: [(id: Int32, logprob: Float)]
    /// Experts chosen at every sparse decoder layer for the token before it, whose scores it was picked from.
    package var routes: [TokenRoute]
    /// What the step it was picked from attended to of the prompt, in the layer the request named, mean over heads; empty
    /// where it named none.
    package var crossAttention: [Float] = []

    package init(
        choice: Int,
        id: Int32,
        logprob: Float,
        top: [(id: Int32, logprob: Float)] = [],
        routes: [TokenRoute] = []
    ) {
        self.choice = choice
        self.id = id
        self.logprob = logprob
        self.top = top
        self.routes = routes
    }
}

/// One expert that one token went to at one sparse layer.
package struct TokenRoute: Equatable, Sendable {
    /// Position of the token in its sequence.
    package var position: Int
    /// Block index of the layer.
    package var block: Int
    /// 0 for the expert the router likes best; where a token goes to several, 1 for its second choice and so on.
    package var choice: Int
    /// Index in the layer.
    package var expert: Int
    /// The router's probability for a token's only expert, or the share of one of several in the sum of theirs.
    package var gate: Float
    /// The expert was full and the token passed by it.
    package var isDropped: Bool

    package init(position: Int, block: Int, choice: Int = 0, expert: Int, gate: Float, isDropped: Bool) {
        self.position = position
        self.block = block
        self.choice = choice
        self.expert = expert
        self.gate = gate
        self.isDropped = isDropped
    }
}

/// Why a continuation ended of itself.
package enum FinishReason: Equatable, Sendable {
    /// An end token, a stop token or a stop string.
    case stop(StopCause)
    /// The maximum of tokens.
    case length
}

/// What a continuation stopped at.
package enum StopCause: Equatable, Sendable {
    case endToken
    /// The id, one of those the request named.
    case stopToken(Int32)
    case text
}

/// The end of one continuation.
package struct FinishedChoice: Sendable {
    /// Which returned continuation, from 0.
    package var choice: Int
    package var reason: FinishReason
    /// All it adds to the prompt: forced tokens, generated ones, the end token too.
    package var tokens: [Int32]
    /// Sum of the generated tokens' log-probabilities; in beam search as constraints left them.
    package var cumulativeLogprob: Float
    /// The length-normalised score; nil unless found by beam search.
    package var beamScore: Float?

    package init(choice: Int, reason: FinishReason, tokens: [Int32], cumulativeLogprob: Float, beamScore: Float? = nil)
    {
        self.choice = choice
        self.reason = reason
        self.tokens = tokens
        self.cumulativeLogprob = cumulativeLogprob
        self.beamScore = beamScore
    }
}

/// Where the time of a request went, in seconds.
package struct GenerationTimings: Equatable, Sendable {
    /// From acceptance to the start of encoding.
    package var queue = 0.0
    /// From there to the end of encoding.
    package var encode = 0.0
    /// From there to the last token.
    package var decode = 0.0

    package init() {}
}

/// Why an accepted request ended without an answer.
package enum GenerationFailure: Error, Equatable, Sendable {
    case cancelled
    case shuttingDown
    case deadline
    /// The request's constraints rule out every token.
    case nothingAllowed
    /// The model produced a value that is not a number.
    case notANumber
    /// A process that has part of the model does not answer any more.
    case ranksLost
}
