/// How the next token is picked from a row of processed logits.
package struct Sampling: Equatable, Sendable {
    /// The most probable token, or one drawn at random.
    package enum Pick: Equatable, Sendable {
        case greedy
        case random(Filters)
    }

    /// The random filters, in transformers' order.
    ///
    /// Neutral by default.
    package struct Filters: Equatable, Sendable {
        /// What logits are divided by, more than 0.
        package var temperature: Float = 1
        /// Only so many of the most probable tokens, at least 1, and those equal to the last of them.
        package var topK: Int? = nil
        /// Only the fewest tokens whose probabilities reach it, above 0 up to 1 (Holtzman and others, 2020).
        package var topP: Float? = nil
        /// Only tokens with at least this share of the most probable one's probability, 0 to 1.
        package var minP: Float? = nil
        /// Only the tokens whose surprise is nearest to the entropy, up to this probability, above 0 up to 1 (Meister
        /// and others, 2022).
        package var typicalP: Float? = nil

        package init() {}
    }

    package var pick = Pick.greedy
    /// Continuations drawn.
    package var draws = 1
    /// Continuations returned: the most probable per token of the ones drawn.
    package var returned = 1
    /// The same numbers are drawn for the same seed, whatever else is running.
    package var seed: UInt64 = 0

    package init() {}
}
