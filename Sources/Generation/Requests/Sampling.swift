/// How the next token is picked from a row of processed logits.
package struct Sampling: Equatable, Sendable {
    package enum Pick: Equatable, Sendable {
        case greedy
        case random(Filters)
    }

    /// The random filters, in transformers' order.
    ///
    /// Neutral by default.
    package struct Filters: Equatable, Sendable {
        package var temperature: Float = 1
        package var topK: Int? = nil
        package var topP: Float? = nil
        package var minP: Float? = nil
        package var typicalP: Float? = nil

        package init() {}
    }

    package var pick = Pick.greedy
    /// Continuations drawn.
    package var draws = 1
    /// Continuations returned: the most probable per token of the ones drawn.
    package var returned = 1
    package var seed: UInt64 = 0

    package init() {}
}
