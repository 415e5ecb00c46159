package import Tensors

/// The search of one request: takes rows of logits, says which tokens to read next and what to tell the client.
///
/// Pure: holds no model and no clock.
package struct DecodingSearch {
    /// - Precondition: the request was validated: counts at least 1, ids inside the vocabulary.
    package init(_ request: GenerationRequest, startToken: Int32) {}

    /// The first rows to step.
    package mutating func begin() -> SearchStep { SearchStep() }

    /// Takes the logits of the rows last asked for, which start at `firstRow` of `logits`.
    ///
    /// - Throws: `.notANumber` when a row holds no finite logit or a NaN.
    package mutating func advance(_ logits: Matrix, firstRow: Int) throws(GenerationFailure) -> SearchStep {
        SearchStep()
    }
}

/// What to do next for one request.
package struct SearchStep: Sendable {
    /// Before stepping: slot `i` continues the history of slot `parents[i]`; nil when nothing moves.
    package var parents: [Int]? = nil
    /// Empty when the search is over.
    package var rows: [StepRow] = []
    /// `.token` and `.finished` events, in order.
    package var events: [GenerationEvent] = []

    package init() {}
}
