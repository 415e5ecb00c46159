import JSON
import Tokenization

/// The body of `POST /v1/rerank`, as Jina's and Cohere's clients write it.
struct RerankRequest: GenerationDialect {
    static let idPrefix = "rerank-"
    static let operation = "rerank"
    static let endpoint = CompletionReader.Endpoint.scores

    let plain: PlainRequest
    /// As they came.
    let documents: [String]
    /// Results answered; nil for all.
    let most: Int?
    let returnsDocuments: Bool

    /// Members in whose words the request is passed on: from a client they mean nothing.
    private static let foreignMembers: Set<String> = [
        "prompt", "label_token_ids", "continuations", "item_first", "add_special_tokens", "add_end_token",
    ]

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        guard let template = setting.model.reranking else { throw .notAReranker(model: setting.model.id) }
        let limits = setting.configuration
        var reader = ParameterReader(members)
        guard let query = try reader.text("query") else {
            throw .invalid(parameter: "query", "'query' is required.")
        }
        documents = try Self.documents(&reader, limits)
        most = try reader.integer("top_n", in: 0...Int(Int32.max)).flatMap { $0 == 0 ? nil : $0 }
        returnsDocuments = try reader.flag("return_documents") ?? true
        let kept =
            try reader.integer("max_tokens_per_doc", in: 1...Int(Int32.max)) ?? template.maximumDocumentTokens
        let bytes = documents.reduce(documents.count * (template.bytes + query.utf8.count)) { $0 + $1.utf8.count }
        guard bytes <= limits.maximumDocumentBytes else {
            throw .textsTooLarge(
                parameter: "documents",
                "'documents' come to prompts of \(bytes) bytes with 'query', but at most "
                    + "\(limits.maximumDocumentBytes) are allowed."
            )
        }
        let prompts = documents.map { document in
            let document = kept.map { Self.start(of: document, tokens: $0, setting) } ?? document
            return JSONValue.string(template.prompt(query: query, document: document))
        }
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(Self.foreignMembers)
        plain.set("query", to: .string(""), from: "query")
        plain.set("prompt", to: .array(prompts), from: "documents")
        let labels = [template.relevant, template.irrelevant].map { JSONValue.integer(Int($0)) }
        plain.set("label_token_ids", to: .array(labels), from: "label_token_ids")
        plain.promptsAtOnce = limits.scoredPromptsAtOnce
        self.plain = plain
    }

    /// Texts, or objects that have one.
    private static func documents(
        _ reader: inout ParameterReader,
        _ limits: APIConfiguration
    ) throws(APIError) -> [String] {
        let expected = "an array of texts, or of objects with 'text'"
        switch reader.value("documents") {
        case nil: throw .invalid(parameter: "documents", "'documents' is required.")
        case .array(let items):
            guard (1...limits.maximumDocuments).contains(items.count) else {
                throw .invalid(
                    parameter: "documents",
                    "'documents' must have 1 to \(limits.maximumDocuments) elements, but it has \(items.count)."
                )
            }
            var documents: [String] = []
            for item in items {
                switch item {
                case .string(let text): documents.append(text)
                case .object(let members):
                    guard case .string(let text)? = members["text"] else {
                        throw .wrongType("documents.text", "a string", members["text"] ?? .null)
                    }
                    documents.append(text)
                default: throw .wrongType("documents", expected, item)
                }
            }
            return documents
        case .some(let value): throw .wrongType("documents", expected, value)
        }
    }

    /// The text of the first tokens of a document.
    private static func start(of document: String, tokens most: Int, _ setting: DialectSetting) -> String {
        guard let tokenizer = setting.model.tokenizer else { return document }
        let tokens = tokenizer.encode(document)
        guard tokens.count > most else { return document }
        return tokenizer.decode(Array(tokens.prefix(most)), skippingSpecialTokens: true)
    }
}
