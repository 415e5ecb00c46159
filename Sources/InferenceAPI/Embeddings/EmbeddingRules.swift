/// What a model's directory says of embeddings.
package struct EmbeddingRules: Equatable, Sendable {
    /// Elements of a token's state.
    package var stateWidth: Int
    /// Elements of the embedding of a text.
    package var length: Int
    /// Whether embeddings have length 1 where a request does not say.
    package var normalizes: Bool
    /// Tokens that are read of a text where it is to be cut; nil for as many as the server takes.
    package var longestText: Int?

    package init(stateWidth: Int = 0, length: Int = 0, normalizes: Bool = true, longestText: Int? = nil) {
        (self.stateWidth, self.length) = (stateWidth, length)
        (self.normalizes, self.longestText) = (normalizes, longestText)
    }
}
