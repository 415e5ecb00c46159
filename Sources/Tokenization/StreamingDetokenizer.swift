/// Text of a growing token sequence, handed out as soon as no later token can change it.
///
/// Never emits half a character or half a word-space; the emitted pieces joined equal `decode` of all ids.
package struct StreamingDetokenizer: Sendable {
    package init(_ tokenizer: any Tokenizer, skippingSpecialTokens: Bool) {}

    /// The text that became certain with `id`; often empty.
    package mutating func append(_ id: Int32) -> String { "" }

    /// What was held back.
    package mutating func finish() -> String { "" }
}
