import Batching
import HTTPServing
import JSON
import Tokenization

/// `POST /tokenize` and `POST /detokenize`.
struct TokenizeEndpoint: Sendable {
    struct Tokens: Encodable {
        var tokens: [Int32]
        var count: Int
        /// Tokens of the longest prompt.
        var maximumInputTokens: Int
        /// The vocabulary's entry of each token, when asked for.
        @OrNull var pieces: [String]?

        enum CodingKeys: String, CodingKey {
            case tokens, count
            case maximumInputTokens = "max_model_len"
            case pieces = "token_strs"
        }
    }

    struct Text: Encodable {
        var prompt: String
    }

    let context: RequestContext

    func tokenize(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        try await answer(request) { reader throws(APIError) in
            guard let text = try reader.reader.text("prompt") else {
                throw .invalid(parameter: "prompt", "'prompt' is required.")
            }
            let tokenizer = try reader.tokenizer(for: "prompt")
            try reader.checkLength(of: text)
            var tokens = tokenizer.encode(text)
            if try reader.reader.flag("add_special_tokens") ?? true { tokens = reader.model.prompt(tokens) }
            let showsPieces = try reader.reader.flag("return_token_strs") ?? false
            return .json(
                Tokens(
                    tokens: tokens,
                    count: tokens.count,
                    maximumInputTokens: reader.limits.maximumInputTokens,
                    pieces: showsPieces ? tokens.map { tokenizer.piece($0) ?? "" } : nil
                )
            )
        }
    }

    func detokenize(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        try await answer(request) { reader throws(APIError) in
            guard let value = reader.reader.value("tokens") else {
                throw .invalid(parameter: "tokens", "'tokens' is required.")
            }
            guard case .array(let ids) = value else { throw .wrongType("tokens", "an array of token ids", value) }
            let tokens = try reader.readTokens(ids, named: "tokens")
            let skips = try reader.reader.flag("skip_special_tokens") ?? true
            return .json(Text(prompt: reader.model.tokenizer?.decode(tokens, skippingSpecialTokens: skips) ?? ""))
        }
    }

    private func answer(
        _ request: ServerRequest,
        _ make: @escaping @Sendable (inout CompletionReader) throws(APIError) -> ServerResponse
    ) async throws(APIError) -> ServerResponse {
        let backend = try context.loadedBackend()
        let configuration = context.configuration
        let (response, notes) = try await context.read(request) { members throws(APIError) in
            var reader = CompletionReader(PlainRequest(members), for: .route, backend, configuration)
            try reader.readModel()
            return (try make(&reader), reader.notes)
        }
        try context.note(notes, of: request)
        return response
    }
}
