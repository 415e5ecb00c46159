/// What makes a model a judge of documents: how a query and a document become a prompt, and the two tokens it may answer.
///
/// It comes from `rerank.json` in the model directory. Without more it is monoT5's (Nogueira and others, 2020).
package struct RerankTemplate: Equatable, Sendable {
    static let prompt = "Query: {query} Document: {document} Relevant:"

    /// The id of the token that says a document is relevant.
    package let relevant: Int32
    /// The id of the token that says it is not.
    package let irrelevant: Int32
    /// Tokens of a document that are read, where a request does not say; nil for all.
    package let maximumDocumentTokens: Int?
    private let before: String
    private let between: String
    private let after: String
    private let queryIsFirst: Bool

    /// nil unless `prompt` has `{query}` and `{document}` once each.
    init?(prompt: String, relevant: Int32, irrelevant: Int32, maximumDocumentTokens: Int?) {
        guard let query = Self.place(of: "{query}", in: prompt),
            let document = Self.place(of: "{document}", in: prompt)
        else { return nil }
        queryIsFirst = query.lowerBound < document.lowerBound
        let (first, second) = queryIsFirst ? (query, document) : (document, query)
        before = String(prompt[..<first.lowerBound])
        between = String(prompt[first.upperBound..<second.lowerBound])
        after = String(prompt[second.upperBound...])
        (self.relevant, self.irrelevant) = (relevant, irrelevant)
        self.maximumDocumentTokens = maximumDocumentTokens
    }

    /// Where `name` stands; nil unless it does so once.
    private static func place(of name: String, in prompt: String) -> Range<String.Index>? {
        let places = prompt.ranges(of: name)
        return places.count == 1 ? places.first : nil
    }

    /// What the model is asked about one document.
    func prompt(query: String, document: String) -> String {
        before + (queryIsFirst ? query : document) + between + (queryIsFirst ? document : query) + after
    }

    /// Bytes of its own in every prompt.
    var bytes: Int { before.utf8.count + between.utf8.count + after.utf8.count }
}
