/// When one continuation ends.
package struct StopCondition: Sendable {
    /// Generated tokens, end token included.
    package var maximumTokens: Int
    /// End-of-sequence tokens of the model, few.
    ///
    /// Beam search looks at more candidates the more there are; one named twice counts twice, as in transformers.
    package var endTokens: [Int32]
    /// The end tokens do not end.
    package var ignoresEndTokens = false
    /// More tokens that end; they are not part of the text.
    package var stopTokens: Set<Int32> = []
    /// True when the text of the generated tokens holds a stop string.
    ///
    /// Runs on the threads the model computes on.
    package var stopsText: (@Sendable ([Int32]) -> Bool)? = nil

    package init(maximumTokens: Int, endTokens: [Int32]) {
        self.maximumTokens = maximumTokens
        self.endTokens = endTokens
    }
}
